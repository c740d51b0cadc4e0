"""Files as attackers write them, and assertions on how they are rejected."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.temporary_file import write_temporary_file
from bokeh_data.columns.manifest import Column
from bokeh_data.ingest.ingest import FileIngest

MEMORY = 256 << 20
MAX_COLUMN_BYTES = 64 << 20


def resident(process: int | str = "self", of: int = 1) -> int:
    """Return the bytes of memory of a process: all (1), or those shared with files (2)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[of]) * os.sysconf("SC_PAGE_SIZE")


def sandbox_process() -> str | None:
    """Return the id of the sandbox process; None if there is none yet."""
    for process in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with suppress(OSError):
            if b"bokeh_data." in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
    return None


def upload(ingest: FileIngest, file_format: str, *data: bytes) -> dict[str, Column]:
    with write_temporary_file(data) as file:
        return ingest.store_columns("ada", file_format, file).columns


@contextmanager
def memory_limited() -> Iterator[None]:
    """Assert that this process takes little memory, and the sandbox process no more than its limit."""
    before, maxima, done = resident(), [0, 0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            maxima[0] = max(maxima[0], resident())
            with suppress(OSError, TypeError):
                process = sandbox_process() or ""
                maxima[1] = max(maxima[1], resident(process) - resident(process, of=2))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert maxima[0] - before < 48 << 20
    assert maxima[1] < MEMORY


def reject(ingest: FileIngest, file_format: str, *data: bytes) -> str:
    """Assert that a file is rejected, and return the message."""
    with pytest.raises((Invalid, TooLarge)) as caught, memory_limited():
        upload(ingest, file_format, *data)
    assert 20 < len(str(caught.value)) < 700
    assert caught.value.kind in ("unreadable-file", "too-large")
    return str(caught.value)


def write_stream(table: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write(table)
    return sink.getvalue()


def write_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def write_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def create_table(rows: int = 12_345) -> pa.Table:
    values = np.random.default_rng(1).standard_normal(rows)
    return pa.table({"x": values, "n": np.arange(rows), "text": [f"row {i}" for i in range(rows)]})


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "arrow-stream": write_stream, "arrow-file": write_file, "parquet": write_parquet,
}  # fmt: skip
