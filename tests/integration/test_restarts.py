"""Services are restarted, one after the other, while people publish, read and look: no request fails."""

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
from tests.processes import SERVICES, Processes, own_processes

CHUNK = 1 << 20
PIECES = 40


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("restarts")
    with own_processes(f"local://{folder}", scale={"data": 2}, BOKEH_CLOUD_DRAIN_SECONDS="2") as running:
        yield running


class Load:
    """Somebody who does the same over and over, on one connection, and never tries anything twice."""

    def __init__(self, url: str, step: Callable[["Load", int], None]) -> None:
        self.url = url
        self.session = requests.Session()
        self.failures: list[str] = []
        self.slowest = 0.0
        self.done = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(step,))

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._ended.set()
        self._thread.join()

    def ask(self, method: str, path: str, **how: Any) -> requests.Response:
        """Send a request, and note when it fails."""
        before = time.monotonic()
        answer = self.session.request(method, self.url + path, timeout=60, **how)
        self.slowest = max(self.slowest, time.monotonic() - before)
        self.done += 1
        if answer.status_code >= 400:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def _work(self, step: Callable[["Load", int], None]) -> None:
        for n in itertools.count():
            if self._ended.is_set():
                return
            try:
                step(self, n)
            except (requests.RequestException, ValueError, KeyError) as error:
                self.failures.append(repr(error))


def publish(load: Load, n: int) -> None:
    me = f"{threading.get_ident()}-{n}"
    data = (me.encode() * 8)[:64]
    chunk = blake3(data).hexdigest()
    load.ask("PUT", f"/local/data/chunks/{chunk}", data=data)
    columns = {"y": {"dtype": "float64", "shape": [8], "chunks": [{"hash": chunk, "size": 64}]}}
    source = load.ask("POST", "/local/data", json={"name": "numbers", "columns": columns}).json()
    scene = document(source["columns"]["y"], text=me)
    body = {"name": f"plot {threading.get_ident()}", "document": scene}
    load.ask("POST", "/local/store", json={**body, "sources": [{"model": "p2", "id": source["id"]}]})


def look(load: Load, n: int) -> None:
    plots = load.ask("GET", "/local/plots").json()["plots"]
    for plot in plots[:2]:
        load.ask("GET", f"/plots/{plot['id']}/show")
        load.ask("GET", f"/local/plots/{plot['id']}/scene")
    load.ask("GET", "/local/gc/orphans")
    load.ask("GET", "/whoami")


def change(load: Load, n: int) -> None:
    name = f"live-{threading.get_ident()}"
    if n == 0:
        column = Caller(load.url, "local").upload(1.0)
        body = {"name": name, "live": True, "columns": {"x": column}}
        load.ask("POST", "/local/data", json=body)
    else:
        load.ask("GET", "/local/data")


@contextmanager
def nothing_fails(url: str, what: str) -> Iterator[None]:
    """Let people work meanwhile, none of whose requests may fail."""
    loads = [Load(url, step) for step in (publish, publish, publish, look, look, change)]
    with ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        time.sleep(0.5)
        yield
        time.sleep(0.5)
    counts = Counter(failure for load in loads for failure in load.failures)
    assert not counts, counts
    assert sum(load.done for load in loads) > 50
    print(f"{what}: {sum(x.done for x in loads)} requests, slowest {max(x.slowest for x in loads):.1f} s")


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_fails_while_a_service_restarts(processes: Processes, service: str) -> None:
    with nothing_fails(processes.url, service):
        for replica in processes.of(service):
            replica.restart()


def test_no_request_fails_while_all_services_are_replaced_at_once(processes: Processes) -> None:
    """As compose does it, which stops all of them before it starts the first."""
    with nothing_fails(processes.url, "all"):
        for replica in processes.replicas:
            replica.process.terminate()
        for replica in processes.replicas:
            replica.ended()
        for replica in processes.replicas:
            replica.start()
        for replica in processes.replicas:
            replica.ready()


def test_an_upload_under_way_is_finished(processes: Processes) -> None:
    [replica, *_] = processes.of("data")
    data = bytes(range(256)) * (CHUNK // 256)
    chunk = blake3(data).hexdigest()
    begun = threading.Event()

    def upload() -> None:
        # Straight to the process: through the gateway it could be at another one.
        connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=60)
        connection.putrequest("PUT", f"/local/data/chunks/{chunk}")
        connection.putheader("Content-Length", str(CHUNK))
        connection.endheaders()
        for n in range(PIECES):
            connection.send(data[n * CHUNK // PIECES : (n + 1) * CHUNK // PIECES])
            begun.set()
            time.sleep(0.15)
        answers.append(connection.getresponse().status)
        connection.close()

    answers: list[int] = []
    thread = threading.Thread(target=upload)
    thread.start()
    begun.wait(30)
    before = time.monotonic()
    replica.stop()
    took = time.monotonic() - before
    thread.join()
    replica.start()
    replica.ready()
    assert answers == [201]
    assert took > 3, "it ended before the upload was through"
