"""Clients that write and read at once, and remember what they were told; nothing here is retried.

A write that was acknowledged must be there in the end. One that was answered with an error may be there or
not: the answer can have been lost on its way.
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

from tests.integration.test_api_spec.caller import Caller, document

TIMEOUT = 90
PAUSE = 0.05
#: What a gateway may say while a part of the cloud is away.
AWAY = {502, 503}


class Failed(Exception):
    """A request was not answered as it should; it is in the log."""


@dataclass
class Log:
    """What all clients saw: when which request failed, and what was wrong."""

    count: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def take(self, answer: requests.Response) -> None:
        """Note an answer; `Failed` when it is none of success."""
        self.count += 1
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())
        if answer.ok:
            return
        asked = f"{answer.request.method} {answer.request.path_url}"
        said = f"{answer.status_code} to {asked}: {answer.text[:300]}"
        self.failed.append((time.monotonic(), said))
        if answer.status_code not in AWAY or "Retry-After" not in answer.headers:
            self.wrong.append(said)
        raise Failed

    def failed_since(self, start: float) -> list[str]:
        """Return what failed since a moment."""
        return [said for at, said in self.failed if at >= start]

    def recovery(self, start: float) -> float:
        """Return for how many seconds after a moment requests failed."""
        return max([at - start for at, _ in self.failed if at >= start], default=0.0)


class Client(threading.Thread):
    """One client with a live source and a plot of its own, whose values only grow."""

    def __init__(self, number: int, caller: Caller, log: Log, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}")
        self.caller, self.log, self.stop = caller, log, stop
        self.session = requests.Session()
        self.rows: dict[float, bool] = {0.0: True}  # value: whether it was acknowledged
        self.versions: dict[float, bool] = {}
        self.plot = f"load-{number}"
        self.source = self.ok("POST", "/{user}/data", json=self._live())["id"]
        self.publish(0.0)

    def run(self) -> None:
        """Append, publish and read in turn, until told to stop."""
        value = 0.0
        while not self.stop.is_set():
            value += 1.0
            for act in (self.append, self.publish, self.look):
                try:
                    act(value)
                except Failed:
                    time.sleep(PAUSE)
                except requests.RequestException as error:
                    self.log.failed.append((time.monotonic(), str(error)))
                    self.log.wrong.append(f"{act.__name__}: {error!r}")
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
        sources = [{"model": "p2", "id": source["id"]}]
        self.versions[value] = False
        self.scene = self.ok(
            "POST",
            "/{user}/store",
            json={"name": self.plot, "document": document(source["columns"]["y"]), "sources": sources},
        )["id"]
        self.versions[value] = True

    def look(self, value: float = 0.0) -> None:
        """Read both, and compare them with what was acknowledged."""
        known = [row for row, there in self.rows.items() if there]
        summary = self.ok("GET", f"/{{user}}/data/{self.source}")
        rows = self._column(summary["columns"]["y"]["hash"])
        if not set(known) <= set(rows) <= self.rows.keys() or rows != sorted(set(rows)):
            self.log.wrong.append(f"{self.name}: rows {rows[-5:]}, where {known[-5:]} were acknowledged")
        last = max(shown for shown, there in self.versions.items() if there)
        [entry] = self._entries(self.ok("GET", f"/{{user}}/plots/{self.scene}/scene"))
        [shown] = self._column(entry[1]["array"]["data"]["id"])
        if shown < last or shown not in self.versions:
            self.log.wrong.append(f"{self.name}: shows {shown}, where {last} was acknowledged")
        page = self._send("GET", f"/plots/{self.scene}/show", headers={"Accept": "text/html"})
        if "iframe" not in page.text:
            self.log.wrong.append(f"{self.name}: a page without a plot")

    def ok(self, method: str, path: str, **how: Any) -> Any:
        """Send a request, and return its JSON; `Failed`."""
        return self._send(method, path, **how).json()

    def _send(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.caller.key}", **how.pop("headers", {})}
        url = self.caller.url + path.replace("{user}", self.caller.user)
        answer = self.session.request(method, url, headers=headers, timeout=TIMEOUT, **how)
        self.log.take(answer)
        return answer

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
class Load:
    """Clients at work."""

    clients: list[Client]
    log: Log

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged."""
        return sum(sum(client.rows.values()) + sum(client.versions.values()) for client in self.clients)


@contextmanager
def load(callers: list[Caller], clients: int) -> Iterator[Load]:
    """Let clients work; afterwards each looks once more, in peace, at what it wrote."""
    log, stop = Log(), threading.Event()
    crowd = [Client(number, callers[number % len(callers)], log, stop) for number in range(clients)]
    for client in crowd:
        client.start()
    try:
        yield Load(crowd, log)
    finally:
        stop.set()
        for client in crowd:
            client.join(TIMEOUT * 2)
    for client in crowd:
        client.look()
