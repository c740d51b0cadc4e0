"""The embedded cloud stops at once, whatever its clients do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import requests

import bokeh_cloud
from tests.integration.test_slow_clients import INCOMPLETE_REQUESTS, open_connections
from tests.support.embedded_server import one_process, wait_for
from tests.support.ports import free_port
from tests.support.waiting import wait_until

ROWS = 4_000_000
MAX_STOP_SECONDS = 6.0  # 2 on a machine that does nothing else


def test_slow_clients_do_not_delay_the_stop(tmp_path: Path) -> None:
    cloud = one_process(f"local://{tmp_path}")
    url, started = cloud.__enter__(), 0.0
    upload = INCOMPLETE_REQUESTS["incomplete upload"]
    try:
        with open_connections(url, upload, 20), open_connections(url, b"GE", 20):
            time.sleep(0.2)
            started = time.monotonic()
            cloud.__exit__(None, None, None)
            assert time.monotonic() - started < MAX_STOP_SECONDS
    finally:
        if not started:
            cloud.__exit__(None, None, None)


def test_ctrl_c_stops_the_server_while_it_publishes_samples_and_a_page_is_open(tmp_path: Path) -> None:
    """Clients that read slowly, and uploads that do not go on, do not delay it either."""
    port = free_port()
    url = f"http://localhost:{port}"
    command = [str(Path(sys.executable).with_name("bokeh-cloud")), "serve", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--storage", f"local://{tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl+C in a terminal sends SIGINT to all processes of the group
    )
    wait_for(f"{url}/health/ready", server)
    wait_until(lambda: requests.get(f"{url}/local/plots", timeout=30).json()["plots"], 60)
    [plot, *_] = requests.get(f"{url}/local/plots", timeout=30).json()["plots"]
    with ExitStack() as clients:
        events = requests.get(f"{url}/plots/{plot['id']}/events", stream=True, timeout=30)
        clients.enter_context(events)
        clients.enter_context(slow_reader(url))
        clients.enter_context(open_connections(url, INCOMPLETE_REQUESTS["incomplete upload"], 3))
        assert events.ok
        os.killpg(server.pid, signal.SIGINT)
        started = time.monotonic()
        output = server.communicate(timeout=60)[0].decode()
        assert time.monotonic() - started < MAX_STOP_SECONDS
        assert server.returncode == 0
        assert not any(word in output for word in ("Traceback", "WARNING", "ERROR")), output
        assert_free(port)


@contextmanager
def slow_reader(url: str) -> Iterator[None]:
    """Request a response that is larger than the buffers of a connection, and read only its beginning."""
    bokeh_cloud.Server(url).DataSource("long", x=np.arange(ROWS))
    sources = requests.get(f"{url}/local/data", timeout=30).json()["sources"]
    [source] = [source for source in sources if source["name"] == "long"]
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        head = f"GET /local/data/{source['id']} HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        yield


def assert_free(port: int) -> None:
    """Check that a server can listen on a port, although clients of the last one have not closed theirs."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        probe.listen()


def test_a_second_ctrl_c_ends_the_server_at_once(tmp_path: Path) -> None:
    """The server has a log and metrics, too."""
    with (tmp_path / "printed").open("wb") as output:
        port = free_port()
        command = [str(Path(sys.executable).with_name("bokeh-cloud")), "serve", "--port", str(port)]
        server = subprocess.Popen(
            [*command, "--no-samples", "--log", "--storage", f"local://{tmp_path / 'storage'}"],
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "BOKEH_CLOUD_GRACE_SECONDS": "60"},
        )
        url = f"http://localhost:{port}"
        wait_for(f"{url}/health/ready", server)
        assert requests.get(f"{url}/health/live", timeout=30).ok
        assert requests.get(f"{url}/local/plots", timeout=30).ok
        metrics = requests.get(f"{url}/metrics", timeout=30).text
        with open_connections(url, INCOMPLETE_REQUESTS["incomplete upload"], 1):
            time.sleep(0.2)
            os.killpg(server.pid, signal.SIGINT)
            time.sleep(1)
            assert server.poll() is None, "the upload in progress does not delay the stop"
            os.killpg(server.pid, signal.SIGINT)
            assert server.wait(timeout=MAX_STOP_SECONDS) == 128 + signal.SIGINT
            assert_free(port)
    assert 'route="/{user}/plots",service="plots",status="200"' in metrics
    assert "bokeh_cloud_storage_seconds" in metrics
    printed = (tmp_path / "printed").read_text()
    assert "INFO bokeh_cloud.requests GET /{user}/plots 200" in printed
    assert "Traceback" not in printed
