"""Appending 100 rows to a source of 100 million rows, next to the same append to one of a million.

The two take turns over HTTP on the local backend; figures are medians with the range. `BENCH_ROWS` says how
long the longer one is, `BENCH_ROUNDS` how often (40).
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from blake3 import blake3

from bokeh_cloud.columns import CHUNK_BYTES
from tests.conftest import one_process
from tests.integration.test_api_spec.caller import Caller

SHORT, LONG = 1_000_000, int(os.environ.get("BENCH_ROWS", "100_000_000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
APPENDED = 100
AIM = 1.5


def main() -> None:
    """Measure, and print a line."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, one_process(f"local://{folder}") as url:
        caller = Caller(url, "local")
        short, long = (source(caller, rows) for rows in (SHORT, LONG))
        append(caller, short)  # warm
        append(caller, long)
        turns = [(append(caller, short), append(caller, long)) for _ in range(ROUNDS)]
    small, large = zip(*turns, strict=True)
    ratio = statistics.median(large) / statistics.median(small)
    print(
        f"append of {APPENDED} rows to {LONG:,}: {spread(large)} ms; to {SHORT:,}: {spread(small)} ms; "
        f"ratio {ratio:.2f} (aim {AIM})",
        flush=True,
    )


def source(caller: Caller, rows: int) -> str:
    """Make a live source with one column of float64, and return its id."""
    column = {"dtype": "float64", "shape": [rows], "chunks": list(uploaded(caller, rows))}
    body = {"name": f"{rows} rows", "live": True, "columns": {"y": column}}
    return str(caller.ok("POST", "/{user}/data", json=body)["id"])


def uploaded(caller: Caller, rows: int) -> Iterator[dict[str, object]]:
    """Upload chunks that all differ, and yield what a column is told of each."""
    each = CHUNK_BYTES // 8
    for start in range(0, rows, each):
        data = np.full(min(each, rows - start), float(start)).tobytes()
        chunk = blake3(data).hexdigest()
        caller.ok("PUT", f"/{{user}}/data/chunks/{chunk}", data=data)
        yield {"hash": chunk, "size": len(data)}


def append(caller: Caller, source: str) -> float:
    """Append rows; return seconds."""
    rows = {"y": [1.0] * APPENDED}
    started = time.perf_counter()
    caller.ok("POST", f"/{{user}}/data/{source}/rows", json={"rows": rows})
    return time.perf_counter() - started


def spread(seconds: tuple[float, ...]) -> str:
    """Return the median and the range in milliseconds."""
    low, middle, high = (1000 * of(seconds) for of in (min, statistics.median, max))
    return f"{middle:.1f} ({low:.1f}-{high:.1f})"
