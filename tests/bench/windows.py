"""Windows of long columns: how long they take, and that they are right.

For each number of rows, with x regular and irregular, 1000 pixels, windows of any zoom:

* in the service: the domain alone, what was asked for before at hand, each window a new one; some of the
  windows are compared with brute force;
* over HTTP: two clients at once, as pages ask;
* cold: nothing at hand, and no file of the storage in the system's cache; the first window;
* the pyramid: its size by the column's, and the times until it is built and until it is stored, too, by that
  of a read of the column, file by file into memory, in turns with it.

Beside some times is the processors' time that they took, which other work on the machine changes less.

A billion rows are int16, of one chunk again and again, with the row's number as x, or uint32 that ascends
irregularly. `BENCH_ROWS` says how many rows (1e6,1e7,1e8,1e9), `BENCH_WINDOWS` how many windows (300).
"""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import requests

from bokeh_data.columns import Column
from bokeh_data.opened import Opener
from tests.bench.window_tables import HOT_BYTES, HUGE, PIXELS, Table, make
from tests.conftest import one_process

ROWS = [int(float(text)) for text in os.environ.get("BENCH_ROWS", "1e6,1e7,1e8,1e9").split(",")]
WINDOWS = int(os.environ.get("BENCH_WINDOWS", "300"))
COMPARED = {HUGE: 10}  # windows; of fewer rows, 50
ROUNDS = 10
CLIENTS = 2


#: Seconds that something took, and those of processors.
Took = tuple[float, float]


def main() -> None:
    """Measure, and print some lines for each table."""
    first = None
    for rows in ROWS:
        for regular in (True, False):
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                table = make(Path(folder), rows, regular)
                p99 = measure(table, "regular" if regular else "irregular")
                first = first or p99
                ratios = [here / there for here, there in zip(p99, first, strict=True)]
                print(f"{'':12} p99 by that of the first: {worded(ratios)} (aim 4)", flush=True)
            del table
            gc.collect()


def measure(table: Table, kind: str) -> list[float]:
    """Print what was measured of a table; return the p99 in the service, as `Took`."""
    print(f"{table.rows:,} rows, x {kind}; load {os.getloadavg()[0]:.1f}")
    print(f"{'':12} pyramid of y: {pyramid(table, table.columns['y'])}")
    times, right, compared = warm(table)
    show("in service", times, 10, f", {right} of {compared} equal to brute force")
    show("HTTP", over_http(table), 25, f", {CLIENTS} clients")
    show("cold", cold(table), 100, "")
    return p99_of(times)


def show(what: str, times: Sequence[Sequence[float]], aim: float, more: str) -> None:
    """Print quantiles, in milliseconds."""
    p50, p99, most = (1000 * np.quantile(times, [0.5, 0.99, 1], 0)).tolist()
    figures = f"p50 {worded(p50)}, p99 {worded(p99)}, max {worded(most)} ms (aim {aim})"
    print(f"{'':12} {what}: {figures}{more}", flush=True)


def p99_of(times: list[Took]) -> list[float]:
    """Return the 99th of 100, of seconds and of those of processors."""
    return [float(p99) for p99 in np.quantile(times, 0.99, 0)]


def worded(took: Sequence[float]) -> str:
    """Return what something took, with the processors' time where it is known."""
    return f"{took[0]:.1f}" + (f" (processors {took[1]:.1f})" if len(took) > 1 else "")


def warm(table: Table) -> tuple[list[Took], int, int]:
    """Return times, and how many windows of how many were right."""
    random, opener = np.random.default_rng(4), table.opener()
    compared, right, times = COMPARED.get(table.rows, 50), 0, []
    for i in range(WINDOWS + 10):
        window = table.window(random)
        time_taken, seen = took(table.look, opener, window)
        times.append(time_taken)
        right += i < compared and table.is_right(seen, window)
    return times[10:], right, compared


def over_http(table: Table) -> list[tuple[float]]:
    """Return seconds of requests of two clients at once."""
    times: list[tuple[float]] = []
    with one_process(f"local://{table.folder}") as url:
        clients = [(table, url, seed, times) for seed in range(CLIENTS)]
        threads = [threading.Thread(target=_client, args=client) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return times


def _client(table: Table, url: str, seed: int, times: list[tuple[float]]) -> None:
    random, session = np.random.default_rng(seed + 10), requests.Session()
    [source] = session.get(f"{url}/local/data", timeout=60).json()["sources"]
    address = f"{url}/local/data/{source['id']}.packed"
    for i in range(WINDOWS // CLIENTS + 10):
        window = table.window(random)
        asked = {"y": "y", "from": repr(window.begin), "to": repr(window.end), "pixels": str(PIXELS)}
        start = time.perf_counter()
        answer = session.get(address, params=asked | ({"x": window.x} if window.x else {}), timeout=60)
        answer.raise_for_status()
        if i >= 10:
            times.append((time.perf_counter() - start,))


def cold(table: Table) -> list[Took]:
    """Return times of first windows."""
    random, times = np.random.default_rng(5), []
    for _ in range(ROUNDS):
        forget(table.folder)
        opener, window = table.opener(), table.window(random)
        times.append(took(table.look, opener, window)[0])
        del opener
        gc.collect()
    return times


def forget(folder: Path) -> None:
    """Let the system's cache have nothing of the files of a folder."""
    os.sync()
    for path in files(folder):
        number = os.open(path, os.O_RDONLY)
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(number)


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def pyramid(table: Table, column: Column) -> str:
    """Build the pyramid of a column several times; say how large it is, and how long it takes."""
    names = {chunk.hash for chunk in column.chunks}
    paths = {path.name: path for path in files(table.folder) if path.name in names}
    chunks = [paths[chunk.hash] for chunk in column.chunks]
    turns = []
    for turn in range(ROUNDS):
        for name in ("pyramids", "indexes"):
            move_away(table.folder / "data/blobs" / name, turn)
        turns.append(build(Opener(table.fresh(), HOT_BYTES), column, chunks))
    pyramids = {name: len(table.records.pyramid(name, column.dtype) or b"") for name in names}
    size = sum(pyramids[chunk.hash] for chunk in column.chunks) + len(table.records.index(column.hash) or b"")
    built, kept, worked = (spread([turn[i] for turn in turns]) for i in range(3))
    made = f"built in {built} reads of it (aim 5), stored in {kept}; {worked} of processors' time"
    return f"{100 * size / column.size:.1f} % of its bytes (aim 4), {made}"


def build(opener: Opener, column: Column, chunks: list[Path]) -> tuple[float, float, float]:
    """Make the pyramid of a column; return how many reads of the column took as long.

    Until it was there, until it was stored, and of processors until then.
    """
    (reading, worked_reading), _ = took(read, chunks)
    (built, working), _ = took(lambda: opener.open(column).index)
    (storing, more), _ = took(opener.settle)
    return built / reading, (built + storing) / reading, (working + more) / worked_reading


def spread(ratios: list[float]) -> str:
    """Return the median and the extremes."""
    return f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


def took(work: Callable[..., Any], *given: Any) -> tuple[Took, Any]:
    """Do something; return what it took, and what it returned."""
    start, worked = time.perf_counter(), time.process_time()
    result = work(*given)
    return (time.perf_counter() - start, time.process_time() - worked), result


def read(paths: list[Path]) -> None:
    """Read files."""
    for path in paths:
        path.read_bytes()


def move_away(folder: Path, turn: int) -> None:
    """Have none of the blobs of a folder; they are not deleted, which a disk may be busy with for seconds."""
    if folder.exists():
        folder.rename(folder.with_name(f"built-{turn}-{folder.name}"))
