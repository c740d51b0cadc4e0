"""No request fails while services are restarted."""

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests
from blake3 import blake3

from tests.integration.test_api_spec.caller import Caller, document
from tests.support.processes import SERVICES, Processes, start_services

CHUNK = 1 << 20
BLOCKS = 40


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("restarts")
    with start_services(f"local://{folder}", scale={"data": 2}, BOKEH_CLOUD_DRAIN_SECONDS="2") as running:
        yield running


class RequestLoop:
    """Repeats a step in a thread, on one connection and without retries.

    Attributes:
        failures: a description of each request that failed.
        slowest: the longest response time, in seconds.
        done: the number of requests.
    """

    def __init__(self, url: str, step: Callable[["RequestLoop", int], None]) -> None:
        self.url = url
        self.session = requests.Session()
        self.failures: list[str] = []
        self.slowest = 0.0
        self.done = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(step,))

    def __enter__(self) -> "RequestLoop":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._ended.set()
        self._thread.join()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, and record whether it fails."""
        before = time.monotonic()
        response = self.session.request(method, self.url + path, timeout=60, **options)
        self.slowest = max(self.slowest, time.monotonic() - before)
        self.done += 1
        if response.status_code >= 400:
            self.failures.append(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return response

    def _run(self, step: Callable[["RequestLoop", int], None]) -> None:
        for n in itertools.count():
            if self._ended.is_set():
                return
            try:
                step(self, n)
            except (requests.RequestException, ValueError, KeyError) as error:
                self.failures.append(repr(error))


def publish(loop: RequestLoop, n: int) -> None:
    name = f"{threading.get_ident()}-{n}"
    data = (name.encode() * 8)[:64]
    chunk = blake3(data).hexdigest()
    loop.request("PUT", f"/local/data/chunks/{chunk}", data=data)
    columns = {"y": {"dtype": "float64", "shape": [8], "chunks": [{"hash": chunk, "size": 64}]}}
    source = loop.request("POST", "/local/data", json={"name": "numbers", "columns": columns}).json()
    scene = document(source["columns"]["y"], text=name)
    body = {"name": f"plot {threading.get_ident()}", "document": scene}
    loop.request("POST", "/local/store", json={**body, "sources": [{"model": "p2", "id": source["id"]}]})


def read(loop: RequestLoop, n: int) -> None:
    plots = loop.request("GET", "/local/plots").json()["plots"]
    for plot in plots[:2]:
        loop.request("GET", f"/plots/{plot['id']}/show")
        loop.request("GET", f"/local/plots/{plot['id']}/scene")
    loop.request("GET", "/local/gc/orphans")
    loop.request("GET", "/whoami")


def use_sources(loop: RequestLoop, n: int) -> None:
    name = f"live-{threading.get_ident()}"
    if n == 0:
        column = Caller(loop.url, "local").upload(1.0)
        body = {"name": name, "live": True, "columns": {"x": column}}
        loop.request("POST", "/local/data", json=body)
    else:
        loop.request("GET", "/local/data")


@contextmanager
def assert_no_request_fails(url: str, label: str) -> Iterator[None]:
    """Send requests during the block, none of which may fail."""
    loops = [RequestLoop(url, step) for step in (publish, publish, publish, read, read, use_sources)]
    with ExitStack() as stack:
        for loop in loops:
            stack.enter_context(loop)
        time.sleep(0.5)
        yield
        time.sleep(0.5)
    counts = Counter(failure for loop in loops for failure in loop.failures)
    assert not counts, counts
    assert sum(loop.done for loop in loops) > 50
    slowest = max(loop.slowest for loop in loops)
    print(f"{label}: {sum(loop.done for loop in loops)} requests, slowest {slowest:.1f} s")


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_fails_while_a_service_restarts(processes: Processes, service: str) -> None:
    with assert_no_request_fails(processes.url, service):
        for replica in processes.of(service):
            replica.restart()


def test_no_request_fails_while_all_services_are_replaced_at_once(processes: Processes) -> None:
    """As compose does, which stops all services before it starts the first."""
    with assert_no_request_fails(processes.url, "all"):
        for replica in processes.replicas:
            replica.process.terminate()
        for replica in processes.replicas:
            replica.wait_until_ended()
        for replica in processes.replicas:
            replica.start()
        for replica in processes.replicas:
            replica.wait_until_ready()


def test_a_stopping_process_completes_an_upload(processes: Processes) -> None:
    [replica, *_] = processes.of("data")
    data = bytes(range(256)) * (CHUNK // 256)
    chunk = blake3(data).hexdigest()
    started = threading.Event()

    def upload() -> None:
        # Not through the gateway, which could choose another process.
        connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=60)
        connection.putrequest("PUT", f"/local/data/chunks/{chunk}")
        connection.putheader("Content-Length", str(CHUNK))
        connection.endheaders()
        for n in range(BLOCKS):
            connection.send(data[n * CHUNK // BLOCKS : (n + 1) * CHUNK // BLOCKS])
            started.set()
            time.sleep(0.15)
        statuses.append(connection.getresponse().status)
        connection.close()

    statuses: list[int] = []
    thread = threading.Thread(target=upload)
    thread.start()
    started.wait(30)
    before = time.monotonic()
    replica.stop()
    seconds = time.monotonic() - before
    thread.join()
    replica.start()
    replica.wait_until_ready()
    assert statuses == [201]
    assert seconds > 3, "the process ended before the upload was complete"
