"""Clients append rows to one data source, and read it, through two processes of the data service.

Usage: `python -m tests.support.concurrent_appends [SECONDS]`.

Eight clients use two data services on one Redis, alternating between them. Each repeats a request that was
not acknowledged, with the same idempotency key. At the end every acknowledged row must be stored once,
in the order of its client, and every read must have returned the rows of one version.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bokeh_common.storage.testing.servers.processes import redis_server
from tests.integration.test_api_spec.caller import Caller
from tests.support.processes import start_services

CLIENTS = 8
RETRIED_STATUSES = {409, 412, 503}
MAX_ROWS = 4  # of an append

#: The number of a client, and the number of a row among those of the client.
Row = tuple[int, int]


@contextmanager
def two_data_services() -> Iterator[list[Caller]]:
    """Start a cloud with two data services on one Redis; yield a caller for each."""
    with tempfile.TemporaryDirectory(prefix="appending-") as folder:
        redis = redis_server(Path(folder))
        try:
            storage = f"redis://127.0.0.1:{redis.port}/0"
            with (
                Path(folder, "log").open("wb") as log,
                start_services(storage, scale={"data": 2}, output=log) as running,
            ):
                yield [Caller(replica.url, "local") for replica in running.of("data")]
        finally:
            redis.stop()


class AppendingClient:
    """A client that alternates between appending and reading.

    Attributes:
        acknowledged: how many of its rows were acknowledged.
        reads: the rows that each of its reads returned.
    """

    def __init__(self, number: int, services: list[Caller], source: str) -> None:
        self.number = number
        self.acknowledged = 0
        self.reads: list[list[Row]] = []
        self._services = services
        self._source = source
        self._requests = number

    def run(self, until: float) -> None:
        """Append and read until a time of the monotonic clock."""
        while time.monotonic() < until:
            self._append()
            self._read()

    def _append(self) -> None:
        count = self.acknowledged % MAX_ROWS + 1
        numbers = range(self.acknowledged, self.acknowledged + count)
        rows = {"client": [self.number] * count, "number": list(numbers)}
        writer = f"writer/{self.number:016}/{self.acknowledged + 1}"
        key = {"Idempotency-Key": writer if self.number % 2 else f"{self.number}-{self.acknowledged}"}
        path = f"/{{user}}/data/{self._source}/rows"
        while (
            response := self._service()("POST", path, headers=key, json={"rows": rows})
        ).status_code in RETRIED_STATUSES:
            time.sleep(0.01)
        assert response.ok, (response.status_code, response.text)
        self.acknowledged += count

    def _read(self) -> None:
        rows = read_rows(self._service(), self._source)
        own = [number for client, number in rows if client == self.number]
        assert own == list(range(self.acknowledged)), "a read lacks acknowledged rows"
        self.reads.append(rows)

    def _service(self) -> Caller:
        self._requests += 1
        return self._services[self._requests % len(self._services)]


def read_rows(service: Caller, source: str) -> list[Row]:
    """Return all rows of a data source."""
    columns = service.ok("GET", f"/{{user}}/data/{source}?full")["columns"]
    return list(zip(columns["client"], columns["number"], strict=True))


def version_lengths(service: Caller, source: str) -> set[int]:
    """Return the numbers of rows that the versions of a data source have."""
    newest = service.ok("GET", f"/{{user}}/data/{source}")["version"]

    def length(version: int) -> int:
        columns = service.ok("GET", f"/{{user}}/data/{source}?version={version}")["columns"]
        [found] = {column["length"] for column in columns.values()}
        return int(found)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return set(pool.map(length, range(1, newest + 1)))


def run_clients(services: list[Caller], seconds: float) -> str:
    """Run the clients, check everything that they appended and read, and return a summary."""
    column = {"dtype": "int64", "shape": [0], "chunks": []}
    body = {
        "name": "appended",
        "live": True,
        "columns": {"client": column, "number": column},
        "keep": {"versions": 10_000},
    }
    source: str = services[0].ok("POST", "/{user}/data", json=body)["id"]
    clients = [AppendingClient(number, services, source) for number in range(CLIENTS)]
    _run_in_parallel(clients, time.monotonic() + seconds)
    rows, lengths = read_rows(services[0], source), version_lengths(services[1], source)
    expected = [(client.number, number) for client in clients for number in range(client.acknowledged)]
    assert sorted(rows) == expected, "a row is lost or stored twice"
    for read in (read for client in clients for read in client.reads):
        assert len(read) in lengths, f"no version has {len(read)} rows"
        assert read == rows[: len(read)], "a read is not the rows of a version"
    return f"{len(rows)} rows in {len(lengths)} versions, {sum(len(c.reads) for c in clients)} reads"


def _run_in_parallel(clients: list[AppendingClient], until: float) -> None:
    with ThreadPoolExecutor(len(clients)) as pool:
        for done in [pool.submit(client.run, until) for client in clients]:
            done.result()


if __name__ == "__main__":
    duration = float(sys.argv[1]) if sys.argv[1:] else 60.0
    with two_data_services() as both:
        print(f"{duration:.0f} s, two services: {run_clients(both, duration)}", flush=True)
