"""Small requests: a data source's summary, with an API key, against a bare falcon app on several servers.

All servers run at once and are asked in turn, so that what else the machine does falls on all of them.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import falcon

from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES
from bokeh_common.http.processes import THREADS, WORKER
from bokeh_common.storage import open_records
from tests.conftest import free_port, one_process, wait_for
from tests.integration.test_api_spec.caller import Caller

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 8

OURS, PEER = "GET /{user}/data/{id}, with a key", "hello, gunicorn, our worker"

#: What as many connections as that have sent, and no more.
HALF_OPEN = 64
HALVES = (
    b"GET /hello HTTP/1.1\r\nHost: localhost\r\nX-",
    b"POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(1000),
)

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

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Read what there is, and say hello."""
        req.bounded_stream.read()
        self.on_get(req, resp)


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


#: The bare app on servers: ours, gunicorn's own workers, and another one.
SERVERS = {
    "gunicorn, our worker": ["gunicorn", "--worker-class", WORKER, "--threads", str(THREADS), "--bind"],
    "gunicorn, sync": ["gunicorn", "--bind"],
    **{
        f"gunicorn, gthread, {threads} threads": [
            "gunicorn", "--worker-class", "gthread", "--threads", str(threads), "--bind",
        ]
        for threads in (4, 16, 64)
    },
    "granian": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port"],
}  # fmt: skip


def bare(server: str, stack: ExitStack) -> list[str]:
    """Start the bare app on a server."""
    port, app = free_port(), "tests.bench.small_requests:hello"
    program_, *options = SERVERS[server]
    address = str(port) if program_ == "granian" else f"127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name(program_)), *options, address, app]
    return [stack.enter_context(program(*command, url=f"http://127.0.0.1:{port}/hello"))]


def nginx(folder: Path, stack: ExitStack) -> list[str]:
    """Start nginx with a file of a few bytes."""
    port, path = free_port(), _site(folder, "nginx")
    (path / "conf").write_text(NGINX.format(folder=path, port=port))
    command = [str(shutil.which("nginx")), "-c", str(path / "conf")]
    return [stack.enter_context(program(*command, url=f"http://127.0.0.1:{port}/hello"))]


def caddy(folder: Path, stack: ExitStack) -> list[str]:
    """Start Caddy with such a file."""
    port, path = free_port(), _site(folder, "caddy")
    command = ["caddy", "file-server", "--listen", f"127.0.0.1:{port}", "--root", str(path)]
    return [stack.enter_context(program(*command, url=f"http://127.0.0.1:{port}/hello"))]


def _site(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(mode=0o755)
    folder.chmod(0o755)
    (path / "hello").write_text('{"hello": "world"}')
    return path


def rate(address: list[str], seconds: int = SECONDS) -> float:
    """Return requests a second, as wrk counts them; stops where one was not answered well."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", *address]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        sys.exit(printed)
    [line] = [line for line in printed.splitlines() if line.startswith("Requests/sec:")]
    return float(line.split()[1])


def besides(address: list[str], sent: bytes) -> float:
    """Return requests a second while others have sent half a request."""
    url = urlsplit(address[-1])
    with ExitStack() as stack:
        for _ in range(HALF_OPEN):
            connection = stack.enter_context(socket.create_connection((url.hostname, url.port), 10))
            connection.sendall(sent)
        time.sleep(0.5)  # they are there first
        return rate(address)


def main() -> None:
    """Print the table."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk; on Debian and Ubuntu: apt install wrk nginx-light")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers = {OURS: our_own(folder, stack)}
        servers |= {f"hello, {server}": bare(server, stack) for server in SERVERS}
        servers |= {
            f"a static file, {each.__name__}": each(folder, stack)
            for each in (nginx, caddy)
            if shutil.which(each.__name__)
        }
        rounds = [{what: rate(address) for what, address in servers.items()} for _ in range(ROUNDS)]
        held = {what: [besides(address, sent) for sent in HALVES] for what, address in servers.items()}
    print(f"{'requests a second':40} median  least   most  ratio; with {HALF_OPEN} half heads, half bodies")
    for what in servers:
        report(what, rounds, held[what])


def report(what: str, rounds: list[dict[str, float]], held: list[float]) -> None:
    """Print a line: rates, and the median of the ratios within each round."""
    rates = [one[what] for one in rounds]
    ratio = median(one[what] / one[PEER] for one in rounds)
    numbers = f"{median(rates):6.0f} {min(rates):6.0f} {max(rates):6.0f} {ratio:6.2f}"
    print(f"{what:40} {numbers}; {', '.join(f'{one:.0f}' for one in held)}")
