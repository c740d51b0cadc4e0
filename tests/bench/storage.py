"""The speed of the storage backends; the baseline of each is the medium below it.

Rounds of the two alternate, so that other work on the machine affects both; figures are medians with the
range.
"""

import csv
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from azure.storage.blob import ContainerClient

from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_common.storage.testing.servers.azure import connection_string
from bokeh_common.storage.testing.servers.processes import azurite_server, redis_server
from tests.bench.figures import spread

ROUNDS = 5
MIB = 1 << 20
SIZE = 64 * MIB  # of a blob
VALUE = {"name": "sine", "versions": [{"version": number, "hash": "9f3c" * 16} for number in range(3)]}
TEXT = json.dumps(VALUE)

#: Does a piece of work several times, and returns its rate per second.
Rate = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same work done by a store and by the medium below it."""

    backend: str
    work: str
    unit: str
    store: Rate
    medium: Rate
    medium_name: str


def main() -> None:
    """Measure and print the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        pairs = [
            *local_pairs(folder / "local"),
            *stack.enter_context(redis_pairs(folder / "redis")),
            *stack.enter_context(azure_pairs(folder / "azurite")),
        ]
        print(f"{'backend':8} {'work':14} {'store':>30} {'medium':>30}  ratio  medium is")
        for pair in pairs:
            measure(pair)


def measure(pair: Comparison) -> None:
    """Measure both sides of a comparison alternately, and print a line."""
    pair.store()  # warm up
    pair.medium()
    turns = [(pair.store(), pair.medium()) for _ in range(ROUNDS)]
    ours, baseline = zip(*turns, strict=True)
    ratio = statistics.median(ours) / statistics.median(baseline)
    rates = " ".join(f"{spread(rates, 0)} {pair.unit}".rjust(30) for rates in (ours, baseline))
    print(f"{pair.backend:8} {pair.work:14} {rates}  {ratio:5.2f}  {pair.medium_name}", flush=True)


def local_pairs(folder: Path) -> list[Comparison]:
    """Return comparisons with SQLite alone, and with copying a file."""
    records, blobs = open_records(f"local://{folder}", "bench"), open_blobs(f"local://{folder}", "bench")
    database = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE raw (key TEXT PRIMARY KEY, value TEXT)")
    source, target = folder / "source", folder / "target"
    source.write_bytes(os.urandom(SIZE))
    names = count()

    def insert() -> None:
        database.execute("INSERT INTO raw VALUES (?, ?)", (f"key{next(names)}", TEXT))

    def select() -> None:
        database.execute("SELECT value FROM raw WHERE key = 'key0'").fetchall()

    return [
        Comparison("local", "put records", "/s", puts(records, 200), each(insert, 200), "SQLite alone"),
        Comparison("local", "get records", "/s", gets(records, 2000), each(select, 2000), "SQLite alone"),
        Comparison(
            "local",
            "put blob",
            "MB/s",
            uploads(blobs),
            transfers(lambda: copy_file(source, target)),
            "file copy, fsync",
        ),
        Comparison(
            "local", "get blob", "MB/s", downloads(blobs), transfers(lambda: read_file(source)), "file read"
        ),
    ]


@contextmanager
def redis_pairs(folder: Path) -> Iterator[list[Comparison]]:
    """Yield comparisons with redis-benchmark on one connection."""
    server = redis_server(folder)
    url = f"redis://127.0.0.1:{server.port}/0"
    records, blobs = open_records(url, "bench"), open_blobs(url, "bench")

    def benchmark(test: str, number: int, size: int) -> float:
        options = ["-t", test, "-n", str(number), "-c", "1", "-d", str(size), "--csv"]
        done = subprocess.run(
            ["redis-benchmark", "-p", str(server.port), *options], capture_output=True, text=True, check=True
        )
        return float(next(csv.DictReader(done.stdout.splitlines()))["rps"])

    megabytes = MIB / 1e6
    yield [
        Comparison(
            "redis",
            "put records",
            "/s",
            puts(records, 500),
            lambda: benchmark("set", 500, len(TEXT)),
            "redis-benchmark SET",
        ),
        Comparison(
            "redis",
            "get records",
            "/s",
            gets(records, 500),
            lambda: benchmark("get", 500, len(TEXT)),
            "redis-benchmark GET",
        ),
        Comparison(
            "redis",
            "put blob",
            "MB/s",
            uploads(blobs),
            lambda: benchmark("set", 64, MIB) * megabytes,
            "redis-benchmark SET 1 MiB",
        ),
        Comparison(
            "redis",
            "get blob",
            "MB/s",
            downloads(blobs),
            lambda: benchmark("get", 64, MIB) * megabytes,
            "redis-benchmark GET 1 MiB",
        ),
    ]
    server.stop()


@contextmanager
def azure_pairs(folder: Path) -> Iterator[list[Comparison]]:
    """Yield comparisons with plain calls of azure-storage-blob, on Azurite."""
    server = azurite_server(folder)
    text = os.environ["AZURE_STORAGE_CONNECTION_STRING"] = connection_string(server.port)
    records, blobs = open_records("azure://bench", "bench"), open_blobs("azure://bench", "bench")
    plain = ContainerClient.from_connection_string(text, "bench")
    data, names = os.urandom(SIZE), count()

    def upload() -> None:
        plain.upload_blob(f"raw/{next(names)}", TEXT)

    def download() -> None:
        plain.download_blob("raw/0").readall()

    def upload_large() -> None:
        plain.upload_blob("raw/large", data, overwrite=True)

    def download_large() -> None:
        for _ in plain.download_blob("raw/large").chunks():
            pass

    yield [
        Comparison("azure", "put records", "/s", puts(records, 50), each(upload, 50), "upload_blob"),
        Comparison("azure", "get records", "/s", gets(records, 50), each(download, 50), "download_blob"),
        Comparison("azure", "put blob", "MB/s", uploads(blobs), transfers(upload_large), "upload_blob"),
        Comparison("azure", "get blob", "MB/s", downloads(blobs), transfers(download_large), "download_blob"),
    ]
    server.stop()


def each(call: Callable[[], object], times: int) -> Rate:
    """Return the rate of a call."""

    def rate() -> float:
        start = time.perf_counter()
        for _ in range(times):
            call()
        return times / (time.perf_counter() - start)

    return rate


def transfers(call: Callable[[], object]) -> Rate:
    """Return the rate in MB/s of a call that transfers `SIZE` bytes."""
    return lambda: each(call, 1)() * SIZE / 1e6


def puts(store: RecordStore, times: int) -> Rate:
    """Return the rate of storing new records."""
    names = count()
    return each(lambda: store.put(f"key{next(names)}", VALUE), times)


def gets(store: RecordStore, times: int) -> Rate:
    """Return the rate of reading a record."""
    return each(lambda: store.get("key0"), times)


def uploads(store: BlobStore) -> Rate:
    """Return the rate of storing a blob, whose content changes each time."""
    blocks = [os.urandom(MIB) for _ in range(SIZE // MIB)]

    def upload() -> None:
        blocks.append(blocks.pop(0))
        store.put("large", blocks)

    return transfers(upload)


def downloads(store: BlobStore) -> Rate:
    """Return the rate of reading a blob."""

    def download() -> None:
        for _ in store.get("large"):
            pass

    return transfers(download)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, and fsync the copy as a blob is."""
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def read_file(source: Path) -> None:
    """Read a file in blocks of 1 MiB."""
    with source.open("rb", buffering=0) as file:
        while file.read(MIB):
            pass


if __name__ == "__main__":
    main()
