"""How fast the storage backends are, next to the medium below each, in the same run.

Rounds of the two alternate, so that what else the machine does strikes both; the figures are medians, with
the range from the slowest to the fastest round.
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
from bokeh_common.storage.testing.azure import connection_string
from bokeh_common.storage.testing.servers import azurite_server, redis_server

ROUNDS = 5
MIB = 1 << 20
SIZE = 64 * MIB  # of a blob
VALUE = {"name": "sine", "versions": [{"version": number, "hash": "9f3c" * 16} for number in range(3)]}
TEXT = json.dumps(VALUE)

#: Does something so many times and returns how much per second that was.
Rate = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same work done by a store and by its medium."""

    backend: str
    work: str
    unit: str
    store: Rate
    medium: Rate
    medium_name: str


def main() -> None:
    """Measure all backends and print a table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        pairs = [
            *local_pairs(folder / "local"),
            *stack.enter_context(redis_pairs(folder / "redis")),
            *stack.enter_context(azure_pairs(folder / "azurite")),
        ]
        print(f"{'backend':8} {'work':14} {'store':>24} {'medium':>24}  ratio  medium is")
        for pair in pairs:
            show(pair)


def show(pair: Pair) -> None:
    """Measure a pair in turns and print its line."""
    pair.store()
    pair.medium()  # both warm
    turns = [(pair.store(), pair.medium()) for _ in range(ROUNDS)]
    ours, theirs = zip(*turns, strict=True)
    ratio = statistics.median(ours) / statistics.median(theirs)
    texts = f"{spread(ours, pair.unit):>24} {spread(theirs, pair.unit):>24}"
    print(f"{pair.backend:8} {pair.work:14} {texts}  {ratio:5.2f}  {pair.medium_name}", flush=True)


def spread(rates: tuple[float, ...], unit: str) -> str:
    """Return the median and the range of rates."""
    return f"{statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f}) {unit}"


def local_pairs(folder: Path) -> list[Pair]:
    """Compare with SQLite alone, and with copying a file."""
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
        Pair("local", "put records", "/s", puts(records, 200), each(insert, 200), "SQLite alone"),
        Pair("local", "get records", "/s", gets(records, 2000), each(select, 2000), "SQLite alone"),
        Pair(
            "local",
            "put blob",
            "MB/s",
            uploads(blobs),
            transfers(lambda: copy_file(source, target)),
            "file copy, fsync",
        ),
        Pair(
            "local", "get blob", "MB/s", downloads(blobs), transfers(lambda: read_file(source)), "file read"
        ),
    ]


@contextmanager
def redis_pairs(folder: Path) -> Iterator[list[Pair]]:
    """Compare with redis-benchmark, on one connection as well."""
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
        Pair(
            "redis",
            "put records",
            "/s",
            puts(records, 500),
            lambda: benchmark("set", 500, len(TEXT)),
            "redis-benchmark SET",
        ),
        Pair(
            "redis",
            "get records",
            "/s",
            gets(records, 500),
            lambda: benchmark("get", 500, len(TEXT)),
            "redis-benchmark GET",
        ),
        Pair(
            "redis",
            "put blob",
            "MB/s",
            uploads(blobs),
            lambda: benchmark("set", 64, MIB) * megabytes,
            "redis-benchmark SET 1 MiB",
        ),
        Pair(
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
def azure_pairs(folder: Path) -> Iterator[list[Pair]]:
    """Compare with plain calls of azure-storage-blob, on Azurite."""
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
        Pair("azure", "put records", "/s", puts(records, 50), each(upload, 50), "upload_blob"),
        Pair("azure", "get records", "/s", gets(records, 50), each(download, 50), "download_blob"),
        Pair("azure", "put blob", "MB/s", uploads(blobs), transfers(upload_large), "upload_blob"),
        Pair("azure", "get blob", "MB/s", downloads(blobs), transfers(download_large), "download_blob"),
    ]
    server.stop()


def each(call: Callable[[], object], times: int) -> Rate:
    """Return the rate of a call."""

    def rate() -> float:
        begun = time.perf_counter()
        for _ in range(times):
            call()
        return times / (time.perf_counter() - begun)

    return rate


def transfers(call: Callable[[], object]) -> Rate:
    """Return the rate, in MB/s, of a call that moves `SIZE` bytes."""
    return lambda: each(call, 1)() * SIZE / 1e6


def puts(store: RecordStore, times: int) -> Rate:
    """Return the rate of storing new records."""
    names = count()
    return each(lambda: store.put(f"key{next(names)}", VALUE), times)


def gets(store: RecordStore, times: int) -> Rate:
    """Return the rate of reading a record."""
    return each(lambda: store.get("key0"), times)


def uploads(store: BlobStore) -> Rate:
    """Return the rate of storing a blob; of another content each time, as the same would be kept."""
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
    """Copy a file as durably as a blob is stored."""
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
