"""Small requests: a data source's summary, with an API key, against a bare falcon app and other servers.

All servers run at once and are asked in turn, so that what else the machine does falls on all of them.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import falcon

from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES
from bokeh_common.http.serving import THREADS
from bokeh_common.storage import open_records
from tests.conftest import free_port, one_process, wait_for
from tests.integration.test_api_spec.caller import Caller

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 8

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class Hello:
    """A resource that does nothing."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say hello."""
        resp.media = {"hello": "world"}


hello: "falcon.App[falcon.Request, falcon.Response]" = falcon.App()
hello.add_route("/hello", Hello())


@contextmanager
def program(*command: str, url: str) -> Iterator[str]:
    """Run a server until the block ends."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def our_own(folder: Path, stack: ExitStack) -> list[str]:
    """Start the embedded cloud with accounts; return how to ask it for a data source."""
    storage = f"local://{folder / 'storage'}"
    url = stack.enter_context(one_process(storage, "--accounts"))
    domain = Domain.on(Records(open_records(storage, "auth")))
    domain.accounts.create("ada@example.com", "ada")
    key = domain.keys.make("ada", "bench", sorted(SCOPES), None, frozenset(SCOPES))[1]
    body = {"name": "small", "live": True, "columns": {"x": [1, 2, 3], "y": [1.5, 2.5, 3.5]}}
    source = Caller(url, "ada", key).ok("POST", "/{user}/data", json=body)
    return ["-H", f"Authorization: Bearer {key}", f"{url}/ada/data/{source['id']}"]


def bare(server: str, stack: ExitStack) -> list[str]:
    """Start the bare app on a server with the settings of ours."""
    port, app = free_port(), "tests.bench.small_requests:hello"
    python = Path(sys.executable).parent
    commands = {
        "gunicorn": ["gunicorn", "--worker-class", "gthread", "--threads", str(THREADS), "--bind"],
        "granian": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port"],
    }
    name, *options = commands[server]
    address = f"127.0.0.1:{port}" if server == "gunicorn" else str(port)
    command = [str(python / name), *options, address, app]
    return [stack.enter_context(program(*command, url=f"http://127.0.0.1:{port}/hello"))]


def static(folder: Path, stack: ExitStack) -> list[str]:
    """Start nginx with a file of a few bytes."""
    port, path = free_port(), folder / "nginx"
    path.mkdir(mode=0o755)
    folder.chmod(0o755)
    (path / "hello").write_text('{"hello": "world"}')
    (path / "conf").write_text(NGINX.format(folder=path, port=port))
    command = [str(shutil.which("nginx")), "-c", str(path / "conf")]
    return [stack.enter_context(program(*command, url=f"http://127.0.0.1:{port}/hello"))]


def rate(address: list[str]) -> float:
    """Return requests a second, as wrk counts them; stops where one was not answered well."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", *address]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        sys.exit(printed)
    [line] = [line for line in printed.splitlines() if line.startswith("Requests/sec:")]
    return float(line.split()[1])


def main() -> None:
    """Print the table."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk; on Debian and Ubuntu: apt install wrk nginx-light")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers = {
            "GET /{user}/data/{id}, with a key": our_own(folder, stack),
            "falcon alone, gunicorn": bare("gunicorn", stack),
            "falcon alone, granian": bare("granian", stack),
        }
        if shutil.which("nginx"):
            servers["a static file, nginx"] = static(folder, stack)
        rounds = [{what: rate(address) for what, address in servers.items()} for _ in range(ROUNDS)]
    for what in servers:
        report(what, rounds)


def report(what: str, rounds: list[dict[str, float]]) -> None:
    """Print a line: the median rate, and the median of the ratios within each round."""
    peer = "falcon alone, gunicorn"
    middle: Callable[[Iterator[float]], float] = median
    ratio = middle(one[what] / one[peer] for one in rounds)
    print(f"{what:36} {middle(one[what] for one in rounds):8,.0f} per s, {ratio:5.2f} of {peer}")
