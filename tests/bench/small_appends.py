"""Reading a source that thousands of small appends have made, next to the same rows sent in one go.

Two sources over HTTP on the local backend, of times, numbers and texts: one made by `BENCH_APPENDS` appends
(5000) of `BENCH_ROWS` rows (10), one at once. Reads of the two take turns; figures are medians with the range
of `BENCH_ROUNDS` (30).
"""

import os
import statistics
import tempfile
import time
from typing import Any

from tests.conftest import one_process
from tests.integration.test_api_spec.caller import Caller

APPENDS = int(os.environ.get("BENCH_APPENDS", "5000"))
ROWS = int(os.environ.get("BENCH_ROWS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
COUNTED = 500  # appends at the beginning and at the end whose times are compared

#: What is asked of each source.
READS = {
    "all rows": ".arrow?full",
    "1000 rows": f".arrow?rows={APPENDS * ROWS // 2}:{APPENDS * ROWS // 2 + 1000}",
    "rows that fulfil a condition": f".arrow?where=y<{ROWS}&columns=y",
    "a window": ".packed?x=t&y=y&pixels=500",
}


def main() -> None:
    """Measure, and print a line for each read."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, one_process(f"local://{folder}") as url:
        caller = Caller(url, "local")
        many, taken = appended(caller)
        one = made(caller, APPENDS * ROWS)
        first, last = taken[:COUNTED], taken[-COUNTED:]
        print(
            f"{APPENDS} appends of {ROWS} rows; the first {COUNTED}: {spread(first)} ms, the last: "
            f"{spread(last)} ms; ratio {statistics.median(last) / statistics.median(first):.2f}",
            flush=True,
        )
        for name, read in READS.items():
            show(name, [(took(caller, many, read), took(caller, one, read)) for _ in range(ROUNDS)])


def rows_from(start: int, count: int) -> dict[str, list[Any]]:
    """Return rows of a sensor's log."""
    numbers = range(start, start + count)
    return {
        "t": [float(number) for number in numbers],
        "y": [float(number * 7919 % 10_007) for number in numbers],
        "state": [f"state {number % 13}" for number in numbers],
    }


def made(caller: Caller, count: int) -> str:
    """Make a live source of the first rows; return its id."""
    body = {"name": "log", "live": True, "columns": rows_from(0, count)}
    return str(caller.ok("POST", "/{user}/data", json=body)["id"])


def appended(caller: Caller) -> tuple[str, list[float]]:
    """Make a source by appends; return its id, and the seconds of each append."""
    source, taken = made(caller, ROWS), []
    for number in range(1, APPENDS):
        rows = rows_from(number * ROWS, ROWS)
        started = time.perf_counter()
        caller.ok("POST", f"/{{user}}/data/{source}/rows", json={"rows": rows})
        taken.append(time.perf_counter() - started)
    return source, taken


def took(caller: Caller, source: str, read: str) -> float:
    """Return the seconds that a read takes."""
    started = time.perf_counter()
    answer = caller("GET", f"/{{user}}/data/{source}{read}")
    assert answer.ok, answer.text
    assert answer.content
    return time.perf_counter() - started


def show(name: str, turns: list[tuple[float, float]]) -> None:
    """Print what a read takes of either source."""
    many, one = zip(*turns, strict=True)
    ratio = statistics.median(many) / statistics.median(one)
    print(f"{name}: appended {spread(many)} ms, at once {spread(one)} ms, ratio {ratio:.2f}", flush=True)


def spread(seconds: list[float] | tuple[float, ...]) -> str:
    """Return the median and the range in milliseconds."""
    low, middle, high = (1000 * of(seconds) for of in (min, statistics.median, max))
    return f"{middle:.1f} ({low:.1f}-{high:.1f})"
