"""Compression of chunks: by zstd, by byte shuffle and zstd, and as the data service chooses.

For chunks of 4 MiB of typical columns: the compression ratio, and CPU seconds for compressing and
decompressing a GB; then the times of reading 10,000 rows and of the first window of a column, raw and
compressed. Figures are medians with the range; `BENCH_ROUNDS` is the number of rounds (5).
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import Values
from bokeh_data.storage.chunk_codec import choose_width, compress, decompress
from bokeh_data.storage.column_store import CHUNK_BYTES, ColumnStore
from bokeh_data.storage.compressor import Compressor
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.viewport import Window, query_window
from tests.bench.figures import seconds_of, spread, spread_ms

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ROWS = 1 << 24  # of the column whose windows are queried: 128 MiB
RANGE = 10_000  # rows


def main() -> None:
    """Measure and print the tables."""
    print(f"chunks of 4 MiB, {ROUNDS} rounds: ratio; CPU s/GB to compress, to decompress (median, range)")
    for name, array in typical_columns().items():
        measure_codecs(name, memoryview(array.tobytes())[:CHUNK_BYTES], array.itemsize)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measure_reads(f"local://{folder}")


def typical_columns() -> dict[str, NDArray[Any]]:
    """Return chunks of typical columns, by description."""
    random, count = np.random.default_rng(1), CHUNK_BYTES // 8
    regular = np.datetime64("2024-01-01", "ms") + np.arange(count) * np.timedelta64(1000, "ms")
    gradient = np.add.outer(np.arange(1024), np.arange(1024)) // 8
    photo = np.repeat(gradient[:, :, None], 4, 2) + random.integers(0, 30, (1024, 1024, 4))
    strings = json.dumps([f"station-{number:04d}" for number in random.integers(0, 1000, count)])
    return {
        "times, every second": regular,
        "times, irregular": np.sort(random.integers(0, count * 1000, count)) + regular[:1],
        "float64, evenly spaced": np.linspace(0, 1000, count),
        "float64, two decimals": np.round(np.cumsum(random.standard_normal(count)), 2),
        "float64, random walk": np.cumsum(random.standard_normal(count)),
        "float64, random": random.standard_normal(count),
        "float32, random": random.standard_normal(2 * count).astype("f4"),
        "int16, a sensor": np.cumsum(random.integers(-3, 4, 4 * count)).astype("i2"),
        "int64, 20 categories": random.integers(0, 20, count),
        "uint8, a gradient image": np.repeat(gradient, 4).astype("u1"),
        "uint8, a noisy photo": photo.astype("u1").reshape(-1),
        "strings, 1000 distinct": np.frombuffer(strings.encode(), np.uint8),
        "uint8, random": np.frombuffer(random.bytes(CHUNK_BYTES), np.uint8),
    }


def measure_codecs(name: str, data: memoryview, itemsize: int) -> None:
    """Measure each codec on a chunk, and print a line."""
    widths = {"zstd": 1, f"shuffled by {itemsize}": itemsize} if itemsize > 1 else {"zstd": 1}
    results = []
    for codec, width in widths.items():
        compressed = compress_chunk(data, width)
        into = [cpu_seconds(partial(compress_chunk, data, width)) for _ in range(ROUNDS)]
        out = [cpu_seconds(partial(decompress_chunk, compressed)) for _ in range(ROUNDS)]
        ratio = len(data) / len(compressed)
        results.append(f"{codec} {ratio:.2f}x in {per_gb(into, data)} out {per_gb(out, data)}")
    choosing = [cpu_seconds(lambda: choose_width(data)) for _ in range(ROUNDS)]
    best = choose_width(data)
    chosen = "raw" if best is None else f"width {best}"
    print(f"{name:26} {'; '.join(results)}; chosen: {chosen}, in {per_gb(choosing, data)}", flush=True)


def compress_chunk(data: memoryview, width: int) -> bytes:
    """Return a compressed chunk."""
    return b"".join(compress(data, width))


def decompress_chunk(compressed: bytes) -> bytes:
    """Return a decompressed chunk."""
    return b"".join(decompress([compressed]))


def cpu_seconds(function: Callable[[], object]) -> float:
    """Call a function, and return how many CPU seconds it takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


def per_gb(seconds: list[float], data: memoryview) -> str:
    """Return the median and the range of seconds, per GB of data."""
    return spread([value * 1e9 / len(data) for value in seconds], 2)


def measure_reads(storage: str) -> None:
    """Measure reads of a range and first windows of raw and compressed columns, and print two lines."""
    ranges: dict[str, list[float]] = {"raw": [], "compressed": []}
    windows: dict[str, list[float]] = {"raw": [], "compressed": []}
    for number in range(ROUNDS):
        for kind in ranges:
            repository, column = store_times(f"{storage}/{number}-{kind}", number)
            if kind == "compressed":
                Compressor(repository._blobs).run("", 0, time.time() + 9)
            ranges[kind] += [seconds_of(partial(read_range, repository, column)) for _ in range(20)]
            readers = ColumnReaders(repository, 256 << 20)
            windows[kind].append(seconds_of(partial(query_whole_column, readers, column)))
            readers.flush()
    print(f"{RANGE} rows of a chunk: " + "; ".join(f"{kind} {spread_ms(t, 2)}" for kind, t in ranges.items()))
    print(
        f"first window of {ROWS} times, nothing cached: "
        + "; ".join(f"{kind} {spread_ms(t)}" for kind, t in windows.items())
    )


def store_times(storage: str, number: int) -> tuple[DataRepository, Column]:
    """Store a column of times on a new storage."""
    repository = DataRepository(open_records(storage, "data"), open_blobs(storage, "data"))
    times = np.datetime64("2024-01-01", "ms") + (np.arange(ROWS) * 10 + number) * np.timedelta64(1, "ms")
    return repository, ColumnStore(repository).create("ada", Values("datetime64[ms]", times))


def read_range(repository: DataRepository, column: Column) -> int:
    """Read a range in the middle of a chunk."""
    middle = CHUNK_BYTES // 2
    return sum(map(len, repository.read_chunk(column.chunks[1].hash, middle, middle + RANGE * 8)))


def query_whole_column(readers: ColumnReaders, column: Column) -> object:
    """Query a window of the whole column at 1000 pixels."""
    return query_window(readers, {"t": column}, Window(None, ("t",)))
