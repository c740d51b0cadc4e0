"""A run of the garbage collector over a million chunks and a hundred thousand plots, on the local backend.

The benchmark measures the CPU time and the memory of a run in a process of its own, with an anti-join of the
same references in SQLite as the baseline; and the response times of other requests while the worker of the
embedded cloud runs, with the same requests without it as the baseline. `BENCH_PLOTS` sets the number of
plots. The storage is in memory (tmpfs) if possible, since creating so many files takes minutes on a disk.
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

from bokeh_cloud_server import gc_process
from bokeh_common.storage import RecordStore, open_records
from bokeh_gc.collection.collector import Collector
from bokeh_gc.container import Domain
from bokeh_gc.schedule.worker import tune_python_gc
from tests.bench.garbage_store import StorageShape, build, columns_of
from tests.support.embedded_server import one_process

TMPFS = Path("/dev/shm")
PROBE_SECONDS = 30.0
ANTI_JOIN = "SELECT count(*) FROM chunks WHERE name NOT IN (SELECT name FROM refs)"
AIMS = "aims: 10 s, 64 MB, 50 ms"


def main() -> None:
    """Measure and print the figures."""
    shape = StorageShape(int(os.environ.get("BENCH_PLOTS", StorageShape.plots)))
    with tempfile.TemporaryDirectory(dir=TMPFS if TMPFS.is_dir() else None, prefix="bench-") as name:
        folder = Path(name)
        build(folder, shape)
        chunks = shape.plots * 2 * shape.chunks
        print(f"\nCollecting garbage: {chunks:,} chunks, {shape.plots:,} plots, {AIMS}")
        for part in ("dry_run", "anti_join"):
            _measure(part, folder, shape)
        _measure_response_times(folder)
        _measure("collect", folder, shape)


def _measure(part: str, folder: Path, shape: StorageShape) -> None:
    command = [sys.executable, "-m", "tests.bench.garbage", part, str(folder), str(shape.plots)]
    subprocess.run(command, check=True)


def dry_run(folder: Path, _: StorageShape) -> Callable[[], str]:
    """Prepare a dry run, whose report is stored for comparison."""
    ours = collector(folder)

    def run() -> str:
        report = ours.run(dry_run=True)
        open_records(f"local://{folder}", "bench").put("dry run", report)
        return f"{report['scanned']:,} objects, {sum(report['freed'].values()):,} orphans"

    return run


def collect(folder: Path, _: StorageShape) -> Callable[[], str]:
    """Prepare a run, whose report is compared with that of the dry run."""
    dry, ours = open_records(f"local://{folder}", "bench").get("dry run").value, collector(folder)

    def run() -> str:
        report = ours.run()
        same = (dry["freed"], dry["bytes"]) == (report["freed"], report["bytes"])
        return f"{sum(report['freed'].values()):,} freed, {'as' if same else 'NOT as'} in the dry run"

    return run


def anti_join(folder: Path, shape: StorageShape) -> Callable[[], str]:
    """Prepare to find the chunks without references by SQL, from a table of names and one of references."""

    def run() -> str:
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            database = sqlite3.connect(Path(temporary, "join.sqlite"))
            database.execute("PRAGMA synchronous = OFF")
            numbers = range(shape.plots)
            kept = (number for number in numbers if number % shape.deleted_every)
            _insert(database, "chunks", _chunks(numbers, shape))
            _insert(database, "refs", _chunks(kept, shape))
            start = time.process_time()
            [(count,)] = database.execute(ANTI_JOIN)
            seconds = time.process_time() - start
        return f"{count:,} orphaned chunks; the join takes {seconds:.2f} s"

    return run


def _insert(database: sqlite3.Connection, table: str, names: Iterator[tuple[str]]) -> None:
    database.execute(f"CREATE TABLE {table} (name TEXT PRIMARY KEY) WITHOUT ROWID")
    database.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?)", names)


def _chunks(numbers: Any, shape: StorageShape) -> Iterator[tuple[str]]:
    for number in numbers:
        for _, _, chunks in columns_of(number, shape):
            yield from ((chunk,) for chunk in chunks)


def collector(folder: Path) -> Collector:
    """Return the collector of an embedded cloud, without pauses and without a grace period."""
    dependencies = gc_process.dependencies(f"local://{folder}")
    tune_python_gc()
    while dependencies.records.list("leases/"):
        time.sleep(0.1)  # until the collector of the server that was stopped has ended
    settings = replace(dependencies.settings, grace_hours=0, rest=0)
    return Domain.create(replace(dependencies, settings=settings)).collector


def _measure_response_times(folder: Path) -> None:
    """Send requests without the worker and while it runs, and print their response times."""
    for name, hours in (("without the worker", "0"), ("while it runs", "0.001")):
        environ = {"BOKEH_CLOUD_GC_EVERY_HOURS": hours}
        with (
            tempfile.TemporaryFile() as output,
            one_process(f"local://{folder}", output=output, **environ) as url,
        ):
            time.sleep(5)  # until the worker has started
            times = _probe(url, open_records(f"local://{folder}", "gc"), hours != "0")
        p50, p99, worst = (1000 * value for value in (median(times), quantiles(times, n=100)[98], max(times)))
        print(f"{len(times):,} requests {name:20} ms: p50 {p50:.1f}, p99 {p99:.1f}, max {worst:.1f}")


def _probe(url: str, leases: RecordStore, during_run: bool) -> list[float]:
    """Return the response times, in seconds, of a list of plots, a scene and the liveness check.

    Only requests that were sent during a run of the collector count, or only those between runs.
    """
    with requests.Session() as session:
        [plot] = session.get(f"{url}/local/plots?limit=1", timeout=60).json()["plots"]
        paths = ["/local/plots?limit=20", f"/local/plots/{plot['id']}/scene", "/health/live"]
        times: list[float] = []
        until = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < until:
            running, start = bool(leases.list("leases/")), time.perf_counter()
            session.get(url + paths[len(times) % len(paths)], timeout=60).raise_for_status()
            if running == during_run:
                times.append(time.perf_counter() - start)
            time.sleep(0.01)
    return times


def _run_part(
    part: Callable[[Path, StorageShape], Callable[[], str]], folder: Path, shape: StorageShape
) -> None:
    """Run a part of the benchmark in this process; print its times and by how much the memory grew."""
    run = part(folder, shape)
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak (proc(5))
    before, start, cpu = _peak_memory(), time.monotonic(), time.process_time()
    summary = run()
    cpu, wall = time.process_time() - cpu, time.monotonic() - start
    growth = (_peak_memory() - before) / 1024
    print(f"{part.__name__:9} {cpu:6.2f} s CPU, {wall:6.2f} s, {growth:5.1f} MB: {summary}", flush=True)


def _peak_memory() -> int:
    """Return the peak of the resident memory of this process, in KiB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak)


if __name__ == "__main__":
    parts = {"dry_run": dry_run, "collect": collect, "anti_join": anti_join}
    _run_part(parts[sys.argv[1]], Path(sys.argv[2]), StorageShape(int(sys.argv[3])))
