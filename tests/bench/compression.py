"""What compressing chunks saves and takes: raw, zstd, byte-shuffle and zstd, and what the service chooses.

For chunks of 4 MiB of columns as people have them: how many times smaller, and seconds of a processor for
each GB in and out; then what reading a range of 10,000 rows takes, and the first window of a column, in
either form, in turns. Medians with the range; `BENCH_ROUNDS` says how often (5).
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns import Column
from bokeh_data.columnstore import CHUNK_BYTES, ColumnStore
from bokeh_data.compression import compressed, unpacked, width_for
from bokeh_data.compressor import Compressor
from bokeh_data.opened import Opener
from bokeh_data.records import Records
from bokeh_data.values import Values
from bokeh_data.windows import Window, look

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ROWS = 1 << 24  # of the column that windows are drawn of: 128 MiB
RANGE = 10_000  # rows


def main() -> None:
    """Measure, and print tables."""
    print(f"chunks of 4 MiB, {ROUNDS} rounds: times smaller; s/GB in, out (CPU, median, range)")
    for name, array in columns().items():
        show(name, memoryview(array.tobytes())[:CHUNK_BYTES], array.itemsize)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        reading(f"local://{folder}")


def columns() -> dict[str, NDArray[Any]]:
    """Return what people have in their columns, a chunk of each."""
    random, count = np.random.default_rng(1), CHUNK_BYTES // 8
    regular = np.datetime64("2024-01-01", "ms") + np.arange(count) * np.timedelta64(1000, "ms")
    lit = np.add.outer(np.arange(1024), np.arange(1024)) // 8
    photo = np.repeat(lit[:, :, None], 4, 2) + random.integers(0, 30, (1024, 1024, 4))
    texts = json.dumps([f"station-{number:04d}" for number in random.integers(0, 1000, count)])
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
        "uint8, an image of levels": np.repeat(lit, 4).astype("u1"),
        "uint8, a noisy photo": photo.astype("u1").reshape(-1),
        "texts, 1000 different": np.frombuffer(texts.encode(), np.uint8),
        "uint8, random": np.frombuffer(random.bytes(CHUNK_BYTES), np.uint8),
    }


def show(name: str, data: memoryview, itemsize: int) -> None:
    """Measure a chunk each way, in turns, and print its line."""
    ways = {"zstd": 1, f"shuffled by {itemsize}": itemsize} if itemsize > 1 else {"zstd": 1}
    parts = []
    for way, width in ways.items():
        packed = pack(data, width)
        into = [cpu(partial(pack, data, width)) for _ in range(ROUNDS)]
        out = [cpu(partial(unpack, packed)) for _ in range(ROUNDS)]
        parts.append(f"{way} {len(data) / len(packed):.2f}x in {per_gb(into, data)} out {per_gb(out, data)}")
    trying = [cpu(lambda: width_for(data)) for _ in range(ROUNDS)]
    best = width_for(data)
    chosen = "raw" if best is None else f"width {best}"
    print(f"{name:26} {'; '.join(parts)}; chosen: {chosen}, which takes {per_gb(trying, data)}", flush=True)


def pack(data: memoryview, width: int) -> bytes:
    """Compress a chunk."""
    return b"".join(compressed(data, width))


def unpack(packed: bytes) -> bytes:
    """Unpack a chunk."""
    return b"".join(unpacked([packed]))


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of a processor that something takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def per_gb(seconds: list[float], data: memoryview) -> str:
    """Return the median and the range of seconds, for each GB of the data."""
    many = 1e9 / len(data)
    return f"{statistics.median(seconds) * many:.2f} ({min(seconds) * many:.2f}-{max(seconds) * many:.2f})"


def reading(storage: str) -> None:
    """Read a range, and draw first windows, of a column in either form."""
    ranges: dict[str, list[float]] = {"raw": [], "compressed": []}
    windows: dict[str, list[float]] = {"raw": [], "compressed": []}
    for number in range(ROUNDS):
        for form in ranges:
            records, column = stored(f"{storage}/{number}-{form}", number)
            if form == "compressed":
                Compressor(records._blobs).go_on("", 0, time.time() + 9)
            ranges[form] += [took(partial(part_of, records, column)) for _ in range(20)]
            opener = Opener(records, 256 << 20)
            windows[form].append(took(partial(draw, opener, column)))
            opener.settle()
    print(f"{RANGE} rows of a chunk, ms: " + "; ".join(f"{f} {spread(t)}" for f, t in ranges.items()))
    print(
        f"the first window of {ROWS} times, nothing at hand, ms: "
        + "; ".join(f"{f} {spread(t)}" for f, t in windows.items())
    )


def stored(storage: str, number: int) -> tuple[Records, Column]:
    """Store a column of times on a storage of its own."""
    records = Records(open_records(storage, "data"), open_blobs(storage, "data"))
    times = np.datetime64("2024-01-01", "ms") + (np.arange(ROWS) * 10 + number) * np.timedelta64(1, "ms")
    return records, ColumnStore(records).make("ada", Values("datetime64[ms]", times))


def part_of(records: Records, column: Column) -> int:
    """Read a range in the middle of a chunk."""
    middle = CHUNK_BYTES // 2
    return sum(map(len, records.chunk(column.chunks[1].hash, middle, middle + RANGE * 8)))


def draw(opener: Opener, column: Column) -> object:
    """Draw the whole column in 1000 pixels."""
    return look(opener, {"t": column}, Window(None, ("t",)))


def took(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def spread(times: list[float]) -> str:
    """Return the median and the range."""
    return f"{statistics.median(times):.2f} ({min(times):.2f}-{max(times):.2f})"
