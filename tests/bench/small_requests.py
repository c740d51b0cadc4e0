"""Small requests: the summary of a data source with an API key; the baseline is a bare falcon app.

The bare app runs on several servers. All servers run at the same time and are measured alternately, so that
other work on the machine affects all of them.
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

import falcon.asgi
from falcon.asgi import Request, Response

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_common.http.server.process_settings import WORKER_CLASS
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.storage import open_records
from tests.integration.test_api_spec.caller import Caller
from tests.support.embedded_server import one_process, wait_for
from tests.support.ports import free_port

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 32

OURS, BASELINE = "GET /{user}/data/{id}, with a key", "hello through a thread pool, our worker"

#: Incomplete requests, each of which so many connections have sent.
HALF_OPEN = 64
INCOMPLETE_REQUESTS = (
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


class HelloResource:
    """A resource that does no work."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with a short JSON document."""
        resp.media = {"hello": "world"}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Read the body, and respond with a short JSON document."""
        await req.stream.read()
        await self.on_get(req, resp)


class PooledHelloResource:
    """A resource that makes one call on the thread pool of the storage, as a small read does."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with a short JSON document."""
        resp.media = await STORAGE.run(dict, hello="world")


hello: "falcon.asgi.App[Request, Response]" = falcon.asgi.App()
hello.add_route("/hello", HelloResource())
hello.add_route("/pool", PooledHelloResource())


@contextmanager
def start_server(*command: str, url: str) -> Iterator[str]:
    """Run a server during the block."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def start_cloud(folder: Path, stack: ExitStack) -> list[str]:
    """Start the embedded cloud with accounts; return wrk's arguments for requesting a data source."""
    storage = f"local://{folder / 'storage'}"
    url = stack.enter_context(one_process(storage, "--accounts"))
    domain = AccountDomain.on_storage(open_records(storage, "auth"))
    domain.accounts.create("ada@example.com", "ada")
    key = domain.keys.create("ada", "bench", sorted(SCOPES), None, frozenset(SCOPES))[1]
    body = {"name": "small", "live": True, "columns": {"x": [1, 2, 3], "y": [1.5, 2.5, 3.5]}}
    source = Caller(url, "ada", key).ok("POST", "/{user}/data", json=body)
    return ["-H", f"Authorization: Bearer {key}", f"{url}/ada/data/{source['id']}"]


#: The commands of servers of the bare app: our worker, those of uvicorn and gunicorn, and another server.
SERVERS = {
    "our worker": ["gunicorn", "--worker-class", WORKER_CLASS, "--bind"],
    "uvicorn's worker": ["gunicorn", "--worker-class", "uvicorn_worker.UvicornWorker", "--bind"],
    "gunicorn's asgi worker": ["gunicorn", "--worker-class", "asgi", "--bind"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port"],
}


def start_hello(server: str, stack: ExitStack, path: str = "hello") -> list[str]:
    """Start the bare app on a server; return wrk's arguments for a path of it."""
    port, app = free_port(), "tests.bench.small_requests:hello"
    program, *options = SERVERS[server]
    address = str(port) if program == "granian" else f"127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name(program)), *options, address, app]
    return [stack.enter_context(start_server(*command, url=f"http://127.0.0.1:{port}/{path}"))]


def nginx(folder: Path, stack: ExitStack) -> list[str]:
    """Start nginx with a file of a few bytes; return wrk's arguments."""
    port, path = free_port(), _create_site(folder, "nginx")
    (path / "conf").write_text(NGINX.format(folder=path, port=port))
    command = [str(shutil.which("nginx")), "-c", str(path / "conf")]
    return [stack.enter_context(start_server(*command, url=f"http://127.0.0.1:{port}/hello"))]


def caddy(folder: Path, stack: ExitStack) -> list[str]:
    """Start Caddy with a file of a few bytes; return wrk's arguments."""
    port, path = free_port(), _create_site(folder, "caddy")
    command = ["caddy", "file-server", "--listen", f"127.0.0.1:{port}", "--root", str(path)]
    return [stack.enter_context(start_server(*command, url=f"http://127.0.0.1:{port}/hello"))]


def _create_site(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(mode=0o755)
    folder.chmod(0o755)
    (path / "hello").write_text('{"hello": "world"}')
    return path


def requests_per_second(target: list[str], seconds: int = SECONDS) -> float:
    """Return the rate that wrk measures; exit if a request fails."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", *target]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        sys.exit(printed)
    [line] = [line for line in printed.splitlines() if line.startswith("Requests/sec:")]
    return float(line.split()[1])


def requests_per_second_with_half_open(target: list[str], sent: bytes) -> float:
    """Return the rate while other connections have sent incomplete requests."""
    url = urlsplit(target[-1])
    with ExitStack() as stack:
        for _ in range(HALF_OPEN):
            connection = stack.enter_context(socket.create_connection((url.hostname, url.port), 10))
            connection.sendall(sent)
        time.sleep(0.5)  # until the server has accepted them
        return requests_per_second(target)


def main() -> None:
    """Measure and print the table."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk; on Debian and Ubuntu: apt install wrk nginx-light")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers = {OURS: start_cloud(folder, stack), BASELINE: start_hello("our worker", stack, "pool")}
        servers |= {f"hello, {server}": start_hello(server, stack) for server in SERVERS}
        servers |= {
            f"a static file, {start.__name__}": start(folder, stack)
            for start in (nginx, caddy)
            if shutil.which(start.__name__)
        }
        rounds = [
            {name: requests_per_second(target) for name, target in servers.items()} for _ in range(ROUNDS)
        ]
        half_open = {
            name: [requests_per_second_with_half_open(target, sent) for sent in INCOMPLETE_REQUESTS]
            for name, target in servers.items()
        }
    print(f"{'requests per second':40} median    min    max  ratio; with {HALF_OPEN} half heads, half bodies")
    for name in servers:
        report(name, rounds, half_open[name])


def report(name: str, rounds: list[dict[str, float]], half_open: list[float]) -> None:
    """Print a line: the rates, and the median of the ratios of all rounds."""
    rates = [round_rates[name] for round_rates in rounds]
    ratio = median(round_rates[name] / round_rates[BASELINE] for round_rates in rounds)
    numbers = f"{median(rates):6.0f} {min(rates):6.0f} {max(rates):6.0f} {ratio:6.2f}"
    print(f"{name:40} {numbers}; {', '.join(f'{rate:.0f}' for rate in half_open)}")
