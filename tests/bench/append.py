"""An append of 100 rows to a source of 100 million rows; the baseline is a source of a million rows.

Appends to the two alternate over HTTP on the local backend; figures are medians with the range. `BENCH_ROWS`
is the length of the longer source, `BENCH_ROUNDS` the number of rounds (40).
"""

import os
import statistics
import tempfile
from collections.abc import Iterator

import numpy as np
from blake3 import blake3

from bokeh_cloud.columns.chunked_column import CHUNK_BYTES
from tests.bench.figures import seconds_of, spread_ms
from tests.integration.test_api_spec.caller import Caller
from tests.support.embedded_server import one_process

SHORT, LONG = 1_000_000, int(os.environ.get("BENCH_ROWS", "100_000_000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
APPENDED = 100
AIM = 1.5


def main() -> None:
    """Measure and print a line."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, one_process(f"local://{folder}") as url:
        caller = Caller(url, "local")
        short, long = (create_source(caller, rows) for rows in (SHORT, LONG))
        append(caller, short)  # warm up
        append(caller, long)
        turns = [(append(caller, short), append(caller, long)) for _ in range(ROUNDS)]
    small, large = zip(*turns, strict=True)
    ratio = statistics.median(large) / statistics.median(small)
    print(
        f"append of {APPENDED} rows to {LONG:,}: {spread_ms(large)}; to {SHORT:,}: {spread_ms(small)}; "
        f"ratio {ratio:.2f} (aim {AIM})",
        flush=True,
    )


def create_source(caller: Caller, rows: int) -> str:
    """Create a live source with one column of float64; return its id."""
    column = {"dtype": "float64", "shape": [rows], "chunks": list(upload_chunks(caller, rows))}
    body = {"name": f"{rows} rows", "live": True, "columns": {"y": column}}
    return str(caller.ok("POST", "/{user}/data", json=body)["id"])


def upload_chunks(caller: Caller, rows: int) -> Iterator[dict[str, object]]:
    """Upload chunks that all differ, and yield their entries in the manifest."""
    chunk_rows = CHUNK_BYTES // 8
    for start in range(0, rows, chunk_rows):
        data = np.full(min(chunk_rows, rows - start), float(start)).tobytes()
        chunk = blake3(data).hexdigest()
        caller.ok("PUT", f"/{{user}}/data/chunks/{chunk}", data=data)
        yield {"hash": chunk, "size": len(data)}


def append(caller: Caller, source: str) -> float:
    """Append rows; return how many seconds it takes."""
    return seconds_of(lambda: caller.append(source, *[1.0] * APPENDED))
