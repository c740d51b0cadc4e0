"""A run of the garbage collector over a million chunks and a hundred thousand plots, on the local backend.

Measured are the processor time and the memory of a run in a process of its own, next to a plain anti-join of
the same references in SQLite; and how long other requests take while the embedded cloud's own worker is at
it, next to the same requests without it. `BENCH_PLOTS` makes it smaller. The storage is in memory (tmpfs)
where there is such a folder: making as many files takes minutes elsewhere.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import requests

import bokeh_gc.app
import collecting
from bokeh_common.storage import RecordStore, open_records
from bokeh_gc.collector import Collector
from bokeh_gc.worker import seldom_look_for_cycles
from tests.bench.garbage_store import Shape, build, columns_of
from tests.conftest import one_process

MEMORY = Path("/dev/shm")
PROBE_SECONDS = 30.0
JOIN = "SELECT count(*) FROM chunks WHERE name NOT IN (SELECT name FROM refers)"
AIMS = "aims: 10 s, 64 MB, 50 ms"


def main() -> None:
    """Measure and print."""
    shape = Shape(int(os.environ.get("BENCH_PLOTS", Shape.plots)))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="bench-") as name:
        folder = Path(name)
        build(folder, shape)
        chunks = shape.plots * 2 * shape.chunks
        print(f"\nCollecting garbage: {chunks:,} chunks, {shape.plots:,} plots, {AIMS}")
        for what in ("look", "antijoin"):
            _measure(what, folder, shape)
        _pauses(folder)
        _measure("collect", folder, shape)


def _measure(what: str, folder: Path, shape: Shape) -> None:
    command = [sys.executable, "-m", "tests.bench.garbage", what, str(folder), str(shape.plots)]
    subprocess.run(command, check=True)


def look(folder: Path, _: Shape) -> Callable[[], str]:
    """Prepare to tell what would be collected, and to keep that for comparison."""
    ours = collector(folder)

    def run() -> str:
        told = ours.run(dry_run=True)
        open_records(f"local://{folder}", "bench").put("told", told)
        return f"{told['scanned']:,} things, {sum(told['freed'].values()):,} orphans"

    return run


def collect(folder: Path, _: Shape) -> Callable[[], str]:
    """Prepare to collect, and to compare with what was told."""
    told, ours = open_records(f"local://{folder}", "bench").get("told").value, collector(folder)

    def run() -> str:
        done = ours.run()
        same = (told["freed"], told["bytes"]) == (done["freed"], done["bytes"])
        return f"{sum(done['freed'].values()):,} freed, {'as' if same else 'NOT as'} the dry run told"

    return run


def antijoin(folder: Path, shape: Shape) -> Callable[[], str]:
    """Prepare to find chunks that no plot refers to, in a plain table of names and one of references."""

    def run() -> str:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            base = sqlite3.connect(Path(place, "join.sqlite"))
            base.execute("PRAGMA synchronous = OFF")
            numbers = range(shape.plots)
            _load(base, "chunks", _chunks(numbers, shape))
            _load(base, "refers", _chunks((number for number in numbers if number % shape.gone), shape))
            begun = time.process_time()
            [(count,)] = base.execute(JOIN)
            seconds = time.process_time() - begun
        return f"{count:,} orphans among the chunks alone; {seconds:.2f} s of it for the join"

    return run


def _load(base: sqlite3.Connection, table: str, names: Iterator[tuple[str]]) -> None:
    base.execute(f"CREATE TABLE {table} (name TEXT PRIMARY KEY) WITHOUT ROWID")
    base.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?)", names)


def _chunks(numbers: Any, shape: Shape) -> Iterator[tuple[str]]:
    for number in numbers:
        for _, _, chunks in columns_of(number, shape):
            yield from ((chunk,) for chunk in chunks)


def collector(folder: Path) -> Collector:
    """Return the collector of an embedded cloud, without rests and without a grace time."""
    given = collecting.dependencies(f"local://{folder}")
    seldom_look_for_cycles()
    while given.records.list("leases/"):
        time.sleep(0.1)  # until the collector of the server that was stopped has ended with it
    at_once = replace(given.settings, grace_hours=0, rest=0)
    return bokeh_gc.app.create_collector(replace(given, settings=at_once))


def _pauses(folder: Path) -> None:
    """Ask for plots all the time, without the worker and with it."""
    for name, hours in (("without the worker", "0"), ("while it works", "0.001")):
        environ = {"BOKEH_CLOUD_GC_EVERY_HOURS": hours}
        with (
            tempfile.TemporaryFile() as said,
            one_process(f"local://{folder}", output=said, **environ) as url,
        ):
            time.sleep(5)  # until it works, if it does
            times = _probe(url, open_records(f"local://{folder}", "gc"), hours != "0")
        p50, p99, worst = (1000 * value for value in (median(times), quantiles(times, n=100)[98], max(times)))
        print(f"{len(times):,} requests {name:20} ms: p50 {p50:.1f}, p99 {p99:.1f}, max {worst:.1f}")


def _probe(url: str, leases: RecordStore, wanted: bool) -> list[float]:
    """Return how long requests took, in seconds: of a list, of a scene, of whether the cloud lives.

    Those count that began while a worker was at it, or while none was.
    """
    with requests.Session() as session:
        [plot] = session.get(f"{url}/local/plots?limit=1", timeout=60).json()["plots"]
        paths = ["/local/plots?limit=20", f"/local/plots/{plot['id']}/scene", "/health/live"]
        times: list[float] = []
        until = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < until:
            works, begun = bool(leases.list("leases/")), time.perf_counter()
            session.get(url + paths[len(times) % len(paths)], timeout=60).raise_for_status()
            if works == wanted:
                times.append(time.perf_counter() - begun)
            time.sleep(0.01)
    return times


def _part(what: Callable[[Path, Shape], Callable[[], str]], folder: Path, shape: Shape) -> None:
    """Do a part of the work in this process; print what it takes, beyond the memory that was there before."""
    run = what(folder, shape)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of before (proc(5))
    before, begun, cpu = _peak(), time.monotonic(), time.process_time()
    said = run()
    cpu, wall, grown = time.process_time() - cpu, time.monotonic() - begun, (_peak() - before) / 1024
    print(f"{what.__name__:9} {cpu:6.2f} s CPU, {wall:6.2f} s, {grown:5.1f} MB: {said}", flush=True)


def _peak() -> int:
    """Return the most memory that this process had at once, in KiB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak)


if __name__ == "__main__":
    parts = {"look": look, "collect": collect, "antijoin": antijoin}
    _part(parts[sys.argv[1]], Path(sys.argv[2]), Shape(int(sys.argv[3])))
