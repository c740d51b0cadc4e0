"""Reading a source of thousands of small appends; the baseline is a source of the same rows sent at once.

The sources have times, numbers and strings, over HTTP on the local backend. One is created by `BENCH_APPENDS`
appends (5000) of `BENCH_ROWS` rows (10). Reads of the two alternate; figures are medians with the range of
`BENCH_ROUNDS` rounds (30).
"""

import os
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.bench.figures import seconds_of, spread_ms
from tests.integration.test_api_spec.caller import Caller
from tests.support.embedded_server import one_process

APPENDS = int(os.environ.get("BENCH_APPENDS", "5000"))
ROWS = int(os.environ.get("BENCH_ROWS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
COMPARED = 500  # appends at the beginning and at the end, whose times are compared

#: The suffixes of the URL of a source that read from it.
READS = {
    "all rows": ".arrow?full",
    "1000 rows": f".arrow?rows={APPENDS * ROWS // 2}:{APPENDS * ROWS // 2 + 1000}",
    "filtered rows": f".arrow?where=y<{ROWS}&columns=y",
    "a window": ".packed?x=t&y=y&pixels=500",
}


def main() -> None:
    """Measure and print a line for each read."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, one_process(f"local://{folder}") as url:
        caller = Caller(url, "local")
        appended, times = create_by_appends(caller)
        at_once = create_source(caller, APPENDS * ROWS)
        first, last = times[:COMPARED], times[-COMPARED:]
        print(
            f"{APPENDS} appends of {ROWS} rows; the first {COMPARED}: {spread_ms(first)}, the last: "
            f"{spread_ms(last)}; ratio {statistics.median(last) / statistics.median(first):.2f}",
            flush=True,
        )
        for name, suffix in READS.items():
            measure_read(
                name, partial(read, caller, appended, suffix), partial(read, caller, at_once, suffix)
            )


def rows_from(start: int, count: int) -> dict[str, list[Any]]:
    """Return rows of times, numbers and strings."""
    numbers = range(start, start + count)
    return {
        "t": [float(number) for number in numbers],
        "y": [float(number * 7919 % 10_007) for number in numbers],
        "state": [f"state {number % 13}" for number in numbers],
    }


def create_source(caller: Caller, count: int) -> str:
    """Create a live source of the first rows; return its id."""
    body = {"name": "log", "live": True, "columns": rows_from(0, count)}
    return str(caller.ok("POST", "/{user}/data", json=body)["id"])


def create_by_appends(caller: Caller) -> tuple[str, list[float]]:
    """Create a source by appends; return its id, and the seconds of each append."""
    source, times = create_source(caller, ROWS), []
    path = f"/{{user}}/data/{source}/rows"
    for number in range(1, APPENDS):
        body = {"rows": rows_from(number * ROWS, ROWS)}
        times.append(seconds_of(partial(caller.ok, "POST", path, json=body)))
    return source, times


def read(caller: Caller, source: str, suffix: str) -> None:
    """Read from a source."""
    response = caller("GET", f"/{{user}}/data/{source}{suffix}")
    assert response.ok, response.text
    assert response.content


def measure_read(name: str, appended: Callable[[], None], at_once: Callable[[], None]) -> None:
    """Measure a read of both sources, and print a line."""
    rounds = [(seconds_of(appended), seconds_of(at_once)) for _ in range(ROUNDS)]
    ours, baseline = zip(*rounds, strict=True)
    ratio = statistics.median(ours) / statistics.median(baseline)
    print(f"{name}: appended {spread_ms(ours)}, at once {spread_ms(baseline)}, ratio {ratio:.2f}", flush=True)
