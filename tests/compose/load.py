"""Clients that write and read concurrently, and record every response; they do not retry.

An acknowledged write must be stored at the end. A write with an error response may be stored or not, since
the response can be lost after the write.
"""

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from blake3 import blake3

from tests.integration.test_api_spec.caller import Caller, publication

TIMEOUT = 90
PAUSE = 0.05
#: Statuses that the gateway may return during an outage of a service.
OUTAGE_STATUSES = {502, 503}


class RequestFailed(Exception):
    """A response had an error status; the log has it."""


@dataclass
class LoadLog:
    """What all clients recorded.

    Attributes:
        count: the number of requests.
        failed: the time and a description of each failed request.
        wrong: descriptions of responses that an outage does not excuse.
        slowest: the longest response time, in seconds.
    """

    count: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def record(self, response: requests.Response) -> None:
        """Record a response.

        Raises:
            RequestFailed: it has an error status.
        """
        self.count += 1
        self.slowest = max(self.slowest, response.elapsed.total_seconds())
        if response.ok:
            return
        request = f"{response.request.method} {response.request.path_url}"
        description = f"{response.status_code} to {request}: {response.text[:300]}"
        self.failed.append((time.monotonic(), description))
        if response.status_code not in OUTAGE_STATUSES or "Retry-After" not in response.headers:
            self.wrong.append(description)
        raise RequestFailed

    def failed_since(self, start: float) -> list[str]:
        """Return descriptions of the requests that failed since a time."""
        return [description for at, description in self.failed if at >= start]

    def recovery(self, start: float) -> float:
        """Return for how many seconds after a time requests failed."""
        return max([at - start for at, _ in self.failed if at >= start], default=0.0)


class LoadClient(threading.Thread):
    """A client with a live source and a plot of its own, to which it writes growing values."""

    def __init__(self, number: int, caller: Caller, log: LoadLog, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}")
        self.caller, self.log, self.stop = caller, log, stop
        self.session = requests.Session()
        self.rows: dict[float, bool] = {0.0: True}  # by value: whether the write was acknowledged
        self.versions: dict[float, bool] = {}
        self.plot = f"load-{number}"
        self.source = self.ok("POST", "/{user}/data", json=self._live())["id"]
        self.publish(0.0)

    def run(self) -> None:
        """Append, publish and read in turn, until `stop` is set.

        A response whose body breaks off is a failed request, since the gateway cannot replace a response
        that it has started when a replica is killed. A refused connection is a fault of the gateway.
        """
        value = 0.0
        while not self.stop.is_set():
            value += 1.0
            for action in (self.append, self.publish, self.check):
                try:
                    action(value)
                except RequestFailed:
                    time.sleep(PAUSE)
                except requests.exceptions.ChunkedEncodingError as error:
                    self.log.failed.append((time.monotonic(), f"{action.__name__}: {error!r}"))
                except requests.RequestException as error:
                    self.log.failed.append((time.monotonic(), str(error)))
                    self.log.wrong.append(f"{action.__name__}: {error!r}")
            time.sleep(PAUSE)

    def append(self, value: float) -> None:
        """Append a row to the live source."""
        self.rows[value] = False
        self.ok("POST", f"/{{user}}/data/{self.source}/rows", json={"rows": {"y": [value]}})
        self.rows[value] = True

    def publish(self, value: float) -> None:
        """Publish a version of the plot."""
        body = {"name": "numbers", "columns": {"y": self._upload(value)}}
        source = self.ok("POST", "/{user}/data", json=body)
        self.versions[value] = False
        self.plot_id = self.ok("POST", "/{user}/store", json=publication(self.plot, source))["id"]
        self.versions[value] = True

    def check(self, value: float = 0.0) -> None:
        """Read the source and the plot, and compare them with the acknowledged writes."""
        known = [row for row, acknowledged in self.rows.items() if acknowledged]
        summary = self.ok("GET", f"/{{user}}/data/{self.source}")
        rows = self._column(summary["columns"]["y"]["hash"])
        if not set(known) <= set(rows) <= self.rows.keys() or rows != sorted(set(rows)):
            self.log.wrong.append(f"{self.name}: rows {rows[-5:]}, where {known[-5:]} were acknowledged")
        last = max(published for published, acknowledged in self.versions.items() if acknowledged)
        [entry] = self._entries(self.ok("GET", f"/{{user}}/plots/{self.plot_id}/scene"))
        [found] = self._column(entry[1]["array"]["data"]["id"])
        if found < last or found not in self.versions:
            self.log.wrong.append(f"{self.name}: the plot has {found}, where {last} was acknowledged")
        page = self._send("GET", f"/plots/{self.plot_id}/show", headers={"Accept": "text/html"})
        if "iframe" not in page.text:
            self.log.wrong.append(f"{self.name}: a page without a plot")

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """Send a request, and return the JSON of the response.

        Raises:
            RequestFailed: the response has an error status.
        """
        return self._send(method, path, **options).json()

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.caller.key}", **options.pop("headers", {})}
        url = self.caller.url + path.replace("{user}", self.caller.user)
        response = self.session.request(method, url, headers=headers, timeout=TIMEOUT, **options)
        self.log.record(response)
        return response

    def _live(self) -> dict[str, Any]:
        return {"name": "rows", "live": True, "columns": {"y": self._upload(0.0)}}

    def _upload(self, value: float) -> dict[str, Any]:
        data = struct.pack("<d", value)
        chunk = blake3(data).hexdigest()
        self._send("PUT", f"/{{user}}/data/chunks/{chunk}", data=data)
        return {"dtype": "float64", "shape": [1], "chunks": [{"hash": chunk, "size": len(data)}]}

    def _column(self, name: str) -> list[float]:
        data = self._send("GET", f"/{{user}}/data/columns/{name}").content
        return list(struct.unpack(f"<{len(data) // 8}d", data))

    @staticmethod
    def _entries(scene: Any) -> Any:
        return scene["roots"][0]["attributes"]["tags"][0]["attributes"]["data"]["entries"]


@dataclass
class ClientLoad:
    """Running clients, and their log."""

    clients: list[LoadClient]
    log: LoadLog

    @property
    def acknowledged(self) -> int:
        """The number of acknowledged writes."""
        return sum(sum(client.rows.values()) + sum(client.versions.values()) for client in self.clients)


@contextmanager
def run_clients(callers: list[Caller], count: int) -> Iterator[ClientLoad]:
    """Run clients during the block; afterwards each checks once more what it wrote."""
    log, stop = LoadLog(), threading.Event()
    clients = [LoadClient(number, callers[number % len(callers)], log, stop) for number in range(count)]
    for client in clients:
        client.start()
    try:
        yield ClientLoad(clients, log)
    finally:
        stop.set()
        for client in clients:
            client.join(TIMEOUT * 2)
    for client in clients:
        client.check()
