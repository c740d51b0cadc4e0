"""The times of windows of long columns, and their correctness.

For each number of rows, with x evenly and unevenly spaced, and for windows of 1000 pixels at a random zoom:

* in the service: the domain alone, with caches; some of the windows are compared with a brute-force
  computation;
* HTTP: two concurrent clients, which send the same requests as pages;
* cold: the first window, with empty caches of the service and of the operating system;
* the pyramid: its size relative to that of the column, and the times of building and storing it, relative to
  the time of reading all files of the column into memory.

Some times are followed by CPU times, which other work on the machine affects less.

A billion rows are int16 with all chunks equal; x is the number of the row, or unevenly ascending uint32.
`BENCH_ROWS` lists the numbers of rows (1e6,1e7,1e8,1e9), `BENCH_WINDOWS` is the number of windows (300).
"""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import requests

from bokeh_data.columns.manifest import Column
from bokeh_data.windows.column_reader import ColumnReaders
from tests.bench.figures import spread
from tests.bench.window_tables import CACHE_BYTES, HUGE, PIXELS, WindowTable, create_table
from tests.support.embedded_server import one_process

ROWS = [int(float(text)) for text in os.environ.get("BENCH_ROWS", "1e6,1e7,1e8,1e9").split(",")]
WINDOWS = int(os.environ.get("BENCH_WINDOWS", "300"))
COMPARED = {HUGE: 10}  # windows by number of rows, otherwise 50
ROUNDS = 10
CLIENTS = 2


#: Elapsed seconds, and CPU seconds.
Timing = tuple[float, float]


def main() -> None:
    """Measure and print some lines for each table."""
    first = None
    for rows in ROWS:
        for regular in (True, False):
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                table = create_table(Path(folder), rows, regular)
                p99 = measure(table, "regular" if regular else "irregular")
                first = first or p99
                ratios = [current / baseline for current, baseline in zip(p99, first, strict=True)]
                print(
                    f"{'':12} p99 relative to that of the first: {format_timing(ratios)} (aim 4)", flush=True
                )
            del table
            gc.collect()


def measure(table: WindowTable, kind: str) -> list[float]:
    """Measure and print the figures of a table; return the 99th percentile of timings in the service."""
    print(f"{table.rows:,} rows, x {kind}; load {os.getloadavg()[0]:.1f}")
    print(f"{'':12} pyramid of y: {measure_pyramid(table, table.columns['y'])}")
    times, correct, compared = measure_cached(table)
    print_quantiles("in service", times, 10, f", {correct} of {compared} equal to brute force")
    print_quantiles("HTTP", measure_http(table), 25, f", {CLIENTS} clients")
    print_quantiles("cold", measure_cold(table), 100, "")
    return percentile_99(times)


def print_quantiles(label: str, times: Sequence[Sequence[float]], aim: float, remark: str) -> None:
    """Print quantiles of timings, in milliseconds."""
    p50, p99, maximum = (1000 * np.quantile(times, [0.5, 0.99, 1], 0)).tolist()
    figures = f"p50 {format_timing(p50)}, p99 {format_timing(p99)}, max {format_timing(maximum)} ms"
    print(f"{'':12} {label}: {figures} (aim {aim}){remark}", flush=True)


def percentile_99(times: list[Timing]) -> list[float]:
    """Return the 99th percentiles of elapsed and of CPU seconds."""
    return [float(p99) for p99 in np.quantile(times, 0.99, 0)]


def format_timing(timing: Sequence[float]) -> str:
    """Return an elapsed time, with the CPU time if it is known."""
    return f"{timing[0]:.1f}" + (f" (CPU {timing[1]:.1f})" if len(timing) > 1 else "")


def measure_cached(table: WindowTable) -> tuple[list[Timing], int, int]:
    """Return timings of windows with caches, and how many of how many windows are correct."""
    random, readers = np.random.default_rng(4), table.empty_readers()
    compared, correct, times = COMPARED.get(table.rows, 50), 0, []
    for i in range(WINDOWS + 10):
        window = table.random_window(random)
        timing, result = measure_call(table.query_window, readers, window)
        times.append(timing)
        correct += i < compared and table.is_correct(result, window)
    return times[10:], correct, compared


def measure_http(table: WindowTable) -> list[tuple[float]]:
    """Return the response times of concurrent clients, in seconds."""
    times: list[tuple[float]] = []
    with one_process(f"local://{table.folder}") as url:
        clients = [(table, url, seed, times) for seed in range(CLIENTS)]
        threads = [threading.Thread(target=_request_windows, args=client) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return times


def _request_windows(table: WindowTable, url: str, seed: int, times: list[tuple[float]]) -> None:
    random, session = np.random.default_rng(seed + 10), requests.Session()
    [source] = session.get(f"{url}/local/data", timeout=60).json()["sources"]
    path = f"{url}/local/data/{source['id']}.packed"
    for i in range(WINDOWS // CLIENTS + 10):
        window = table.random_window(random)
        query = {"y": "y", "from": repr(window.begin), "to": repr(window.end), "pixels": str(PIXELS)}
        start = time.perf_counter()
        response = session.get(path, params=query | ({"x": window.x} if window.x else {}), timeout=60)
        response.raise_for_status()
        if i >= 10:
            times.append((time.perf_counter() - start,))


def measure_cold(table: WindowTable) -> list[Timing]:
    """Return timings of first windows, with empty caches."""
    random, times = np.random.default_rng(5), []
    for _ in range(ROUNDS):
        drop_from_cache(table.folder)
        readers, window = table.empty_readers(), table.random_window(random)
        times.append(measure_call(table.query_window, readers, window)[0])
        del readers
        gc.collect()
    return times


def drop_from_cache(folder: Path) -> None:
    """Remove the files of a folder from the operating system's cache."""
    os.sync()
    for path in files(folder):
        number = os.open(path, os.O_RDONLY)
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(number)


def files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders."""
    return (path for path in folder.rglob("*") if path.is_file())


def measure_pyramid(table: WindowTable, column: Column) -> str:
    """Build the pyramid of a column several times; return its size and its times."""
    names = {chunk.hash for chunk in column.chunks}
    paths = {path.name: path for path in files(table.folder) if path.name in names}
    chunks = [paths[chunk.hash] for chunk in column.chunks]
    turns = []
    for turn in range(ROUNDS):
        for name in ("pyramids", "indexes"):
            move_away(table.folder / "data/blobs" / name, turn)
        turns.append(build_pyramid(ColumnReaders(table.reopen(), CACHE_BYTES), column, chunks))
    pyramids = {name: len(table.repository.find_chunk_pyramid(name, column.dtype) or b"") for name in names}
    size = sum(pyramids[chunk.hash] for chunk in column.chunks) + len(
        table.repository.find_column_pyramid(column.hash) or b""
    )
    built, stored, cpu = (spread([turn[i] for turn in turns]) for i in range(3))
    times = f"built in {built} reads of it (aim 5), stored in {stored}; {cpu} of CPU time"
    return f"{100 * size / column.size:.1f} % of its bytes (aim 4), {times}"


def build_pyramid(readers: ColumnReaders, column: Column, chunks: list[Path]) -> tuple[float, float, float]:
    """Build and store the pyramid of a column.

    Returns:
        The times until it was built, until it was stored, and the CPU time, relative to a read of the column.
    """
    (reading, reading_cpu), _ = measure_call(read_files, chunks)
    (building, building_cpu), _ = measure_call(lambda: readers.open(column).pyramid)
    (storing, storing_cpu), _ = measure_call(readers.flush)
    cpu = (building_cpu + storing_cpu) / reading_cpu
    return building / reading, (building + storing) / reading, cpu


def measure_call(function: Callable[..., Any], *arguments: Any) -> tuple[Timing, Any]:
    """Call a function; return its timing and its result."""
    start, start_cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return (time.perf_counter() - start, time.process_time() - start_cpu), result


def read_files(paths: list[Path]) -> None:
    """Read files into memory."""
    for path in paths:
        path.read_bytes()


def move_away(folder: Path, turn: int) -> None:
    """Rename a folder of blobs, since deleting it can keep a disk busy for seconds."""
    if folder.exists():
        folder.rename(folder.with_name(f"built-{turn}-{folder.name}"))
