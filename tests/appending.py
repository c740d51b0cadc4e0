"""`python -m tests.appending [SECONDS]`: clients append to one source, and read it, through two services.

Eight clients go to two data services on one Redis, in turn to the one and the other. Each repeats what it
does not know to be done, under the same key, as clients should. In the end every row that was acknowledged
has to be there once, in the order of its client, and what anybody has read has to be the rows of a version.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bokeh_common.storage.testing.servers import redis_server
from tests.integration.test_api_spec.caller import Caller
from tests.processes import own_processes

CLIENTS = 8
AGAIN = {409, 412, 503}
MOST_ROWS = 4  # of an append

#: The number of the client, and of the row among the client's.
Row = tuple[int, int]


@contextmanager
def two_services() -> Iterator[list[Caller]]:
    """Start a cloud with two data services on one Redis; yield a caller of each."""
    with tempfile.TemporaryDirectory(prefix="appending-") as folder:
        redis = redis_server(Path(folder))
        try:
            storage = f"redis://127.0.0.1:{redis.port}/0"
            with (
                Path(folder, "log").open("wb") as log,
                own_processes(storage, scale={"data": 2}, output=log) as running,
            ):
                yield [Caller(replica.url, "local") for replica in running.of("data")]
        finally:
            redis.stop()


class Client:
    """One that appends and reads by turns.

    Attributes:
        acknowledged: how many rows are, of those that it sent.
        reads: all that it read.
    """

    def __init__(self, number: int, services: list[Caller], source: str) -> None:
        self.number = number
        self.acknowledged = 0
        self.reads: list[list[Row]] = []
        self._services = services
        self._source = source
        self._asked = number

    def run(self, until: float) -> None:
        """Work until a time."""
        while time.monotonic() < until:
            self._append()
            self._read()

    def _append(self) -> None:
        more = self.acknowledged % MOST_ROWS + 1
        numbers = range(self.acknowledged, self.acknowledged + more)
        rows = {"client": [self.number] * more, "number": list(numbers)}
        key = {"Idempotency-Key": f"{self.number}-{self.acknowledged}"}
        path = f"/{{user}}/data/{self._source}/rows"
        while (
            answer := self._service()("POST", path, headers=key, json={"rows": rows})
        ).status_code in AGAIN:
            time.sleep(0.01)
        assert answer.ok, (answer.status_code, answer.text)
        self.acknowledged += more

    def _read(self) -> None:
        rows = rows_of(self._service(), self._source)
        own = [number for client, number in rows if client == self.number]
        assert own == list(range(self.acknowledged)), "what was acknowledged is not read"
        self.reads.append(rows)

    def _service(self) -> Caller:
        self._asked += 1
        return self._services[self._asked % len(self._services)]


def rows_of(service: Caller, source: str) -> list[Row]:
    """Read all rows."""
    columns = service.ok("GET", f"/{{user}}/data/{source}?full")["columns"]
    return list(zip(columns["client"], columns["number"], strict=True))


def lengths_of(service: Caller, source: str) -> set[int]:
    """Return how many rows the versions of a source have."""
    newest = service.ok("GET", f"/{{user}}/data/{source}")["version"]

    def length(version: int) -> int:
        columns = service.ok("GET", f"/{{user}}/data/{source}?version={version}")["columns"]
        [found] = {column["length"] for column in columns.values()}
        return int(found)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return set(pool.map(length, range(1, newest + 1)))


def appending(services: list[Caller], seconds: float) -> str:
    """Let clients work, look at all that they have done and seen, and return how much that was."""
    column = {"dtype": "int64", "shape": [0], "chunks": []}
    body = {
        "name": "appended",
        "live": True,
        "columns": {"client": column, "number": column},
        "keep": {"versions": 10_000},
    }
    source: str = services[0].ok("POST", "/{user}/data", json=body)["id"]
    clients = [Client(number, services, source) for number in range(CLIENTS)]
    _run(clients, time.monotonic() + seconds)
    rows, lengths = rows_of(services[0], source), lengths_of(services[1], source)
    expected = [(client.number, number) for client in clients for number in range(client.acknowledged)]
    assert sorted(rows) == expected, "a row is lost, or there twice"
    for read in (read for client in clients for read in client.reads):
        assert len(read) in lengths, f"no version has {len(read)} rows"
        assert read == rows[: len(read)], "a read is not the rows of a version"
    return f"{len(rows)} rows in {len(lengths)} versions, {sum(len(c.reads) for c in clients)} reads"


def _run(clients: list[Client], until: float) -> None:
    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(client.run, until) for client in clients]:
            done.result()


if __name__ == "__main__":
    length = float(sys.argv[1]) if sys.argv[1:] else 60.0
    with two_services() as both:
        print(f"{length:.0f} s, two services: {appending(both, length)}", flush=True)
