"""Malicious and damaged files: a clear error, little memory, and no objects that cannot be collected."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.hashing import hash_bytes
from bokeh_common.http.temporary_file import write_temporary_file
from bokeh_data.columns.manifest import Column, parse_column
from bokeh_data.ingest.ingest import FileIngest, IngestLimits
from bokeh_data.sandbox import arrow_validation
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository

MEMORY = 256 << 20
MAX_COLUMN_BYTES = 64 << 20
MAX_SECONDS = 60


@pytest.fixture
def ingest(repository: DataRepository) -> FileIngest:
    return FileIngest(repository, IngestLimits(MEMORY, MAX_COLUMN_BYTES))


@pytest.fixture(autouse=True)
def only_garbage_is_stored(repository: DataRepository) -> Iterator[None]:
    """Assert that a test ends in time, and leaves only objects that can be collected."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < MAX_SECONDS
    stored = {blob.key for blob in repository._blobs.list("chunks/")}
    assert stored == {f"chunks/{chunk}" for chunk in repository.uploads("ada", "", 10_000)}
    assert not repository._blobs.list("columns/")


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


@pytest.mark.parametrize("file_format", WRITERS)
def test_truncated_files(ingest: FileIngest, file_format: str) -> None:
    whole = WRITERS[file_format](create_table())
    for end in (0, 1, 11, len(whole) // 2, len(whole) - 40):
        reject(ingest, file_format, whole[:end])


@pytest.mark.parametrize(
    ("file_format", "other"),
    [("parquet", "arrow-stream"), ("arrow-stream", "csv"), ("csv", "parquet")],
)
def test_files_of_another_format(ingest: FileIngest, file_format: str, other: str) -> None:
    data = b"x,y\n1,2\n" * 100 if other == "csv" else WRITERS[other](create_table(100))
    reject(ingest, file_format, data)


@pytest.mark.parametrize(
    ("file_format", "other"), [("arrow-stream", "arrow-file"), ("arrow-file", "arrow-stream")]
)
def test_arrow_files_are_recognized_by_their_contents(
    ingest: FileIngest, file_format: str, other: str
) -> None:
    columns = upload(ingest, file_format, WRITERS[other](create_table(100)))
    assert list(columns) == ["x", "n", "text"]


def varint(value: int) -> bytes:
    """Return a number as in Parquet's footer (Thrift compact protocol: zigzag, seven bits in each byte)."""
    value, out = value << 1, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_parquet_with_wrong_numbers_of_rows(ingest: FileIngest) -> None:
    data = write_parquet(create_table())
    true = varint(12_345)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert true in data[footer:]
    footers = [data[footer:].replace(true, varint(rows)) for rows in (12_346, 1_000_000)]
    footers.append(data[footer:].replace(true, varint(12_344), 1))  # of the file, not of its row group
    for wrong_footer in footers:
        assert len(wrong_footer) == len(data) - footer
        reject(ingest, "parquet", data[:footer] + wrong_footer)


def test_parquet_with_a_wrong_footer_length(ingest: FileIngest) -> None:
    data = write_parquet(create_table())
    for length in (0, 1, 0xFFFFFFFF, len(data) * 2):
        reject(ingest, "parquet", data[:-8] + length.to_bytes(4, "little") + data[-4:])


@pytest.mark.parametrize("seed", range(4))
def test_parquet_with_a_damaged_footer(ingest: FileIngest, seed: int) -> None:
    data = bytearray(write_parquet(create_table(1000)))
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for at in np.random.default_rng(seed).integers(footer, len(data) - 8, 3):
        data[at] ^= 0xFF
    with suppress(Invalid, TooLarge):
        columns = upload(ingest, "parquet", bytes(data))
        # The damage is in metadata that are not used.
        assert {column.length for column in columns.values()} == {1000}


def test_a_parquet_bomb(ingest: FileIngest) -> None:
    zeros = write_parquet(pa.table({"x": np.zeros(32 << 20)}), compression="zstd", use_dictionary=False)
    assert len(zeros) < 1 << 20
    assert "more in the file" in reject(ingest, "parquet", zeros)


def test_an_arrow_bomb_of_one_batch(ingest: FileIngest) -> None:
    zeros = write_stream(pa.table({"x": np.zeros(64 << 20)}), compression="zstd")
    assert len(zeros) < 1 << 20
    assert "memory" in reject(ingest, "arrow-stream", zeros)


def test_arrow_with_a_wrong_uncompressed_length(ingest: FileIngest) -> None:
    values = np.arange(100_000)
    data = write_stream(pa.table({"x": values}), compression="zstd")
    true = values.nbytes.to_bytes(8, "little")
    assert true in data
    for wrong_length in (1, 1 << 33, 1 << 62, (1 << 63) + 1):
        reject(ingest, "arrow-stream", data.replace(true, wrong_length.to_bytes(8, "little")))


def test_very_many_nulls(ingest: FileIngest) -> None:
    nulls = pa.record_batch([pa.Array.from_buffers(pa.null(), (1 << 31) - 1, [None])], ["x"])
    assert "more in the file" in reject(ingest, "arrow-stream", write_stream(nulls))


def invalid_batch(kind: pa.DataType, *buffers: Any) -> pa.RecordBatch:
    made = [buffer if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    return pa.record_batch([pa.Array.from_buffers(kind, 3, made)], ["x"])


@pytest.mark.parametrize(
    "batch",
    [
        invalid_batch(pa.string(), None, np.array([0, 5, 2, 6], np.int32), b"abcdef"),
        invalid_batch(pa.string(), None, np.array([0, 1, -1, 6], np.int32), b"abcdef"),
        invalid_batch(pa.string(), None, np.array([0, 1, 2, 3], np.int32), b"\xff\xfe\xfd"),
        pa.record_batch(
            [pa.DictionaryArray.from_arrays(pa.array([0, 99, -7]), pa.array(["a"]), safe=False)], ["x"]
        ),
    ],
    ids=["descending offsets", "negative offset", "invalid UTF-8", "unknown category"],
)
def test_arrow_with_invalid_values(ingest: FileIngest, batch: pa.RecordBatch) -> None:
    reject(ingest, "arrow-stream", write_stream(batch))


def test_arrow_with_offsets_beyond_the_file(ingest: FileIngest) -> None:
    table = pa.table({"x": [f"row {i}" for i in range(1000)]})
    for file_format in ("arrow-stream", "arrow-file"):
        data = bytearray(WRITERS[file_format](table))
        at = data.index(np.array([0, 5, 10], np.int32).tobytes())
        data[at + 4000 : at + 4004] = (1 << 30).to_bytes(4, "little")
        reject(ingest, file_format, bytes(data))


def test_arrow_with_deeply_nested_types(ingest: FileIngest) -> None:
    kind = pa.int8()
    for _ in range(300):
        kind = pa.list_(kind)
    reject(ingest, "arrow-stream", write_stream(pa.table({"x": pa.array([], kind)})))


def test_a_very_long_line(ingest: FileIngest) -> None:
    block = b"1234567," * (1 << 17)
    assert "columns" in reject(ingest, "csv", *[block] * 64)
    assert reject(ingest, "csv", b"x\n", *[b"a" * (1 << 20)] * 64)
    assert reject(ingest, "csv", b'x\n"', *[b"a\n" * (1 << 19)] * 64)


def test_very_many_columns(ingest: FileIngest) -> None:
    names = [f"c{i}" for i in range(1_000_000)]
    assert "columns; a data source has" in reject(ingest, "csv", ",".join(names).encode() + b"\n")
    schema = pa.schema([pa.field(name, pa.int8()) for name in names[:100_000]])
    assert "100000 columns" in reject(ingest, "arrow-stream", write_stream(schema.empty_table()))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"a,b\n1\n", b"a\n\x01\x00\xff\n", b"\x00" * 1000, b"a,a\n1,2\n", b",\n1,2\n"],
    ids=["empty", "a line", "too few values", "no text", "zeros", "equal names", "no names"],
)
def test_invalid_csv(ingest: FileIngest, data: bytes) -> None:
    reject(ingest, "csv", data)


def test_a_value_that_is_too_large(ingest: FileIngest) -> None:
    long = pa.array([bytes(65 << 20)], pa.binary(65 << 20))
    assert reject(ingest, "arrow-stream", write_stream(pa.table({"x": long})))


def commit_column(repository: DataRepository, data: bytes, rows: int, kind: pa.DataType) -> Column:
    """Commit a column of one Arrow chunk, as a client may write it."""
    name = hash_bytes(data)
    chunk = {"hash": name, "size": len(data), "rows": rows}
    repository.put_chunk("ada", name, [data])
    spec = {"dtype": f"arrow[{kind}]", "shape": [rows], "chunks": [chunk]}
    return ColumnStore(repository).complete_statistics(parse_column("x", spec, allow_arrow=True))


def without_buffers(kind: pa.DataType, rows: int, *children: pa.Array) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None], children=list(children))


WIDE = pa.list_(pa.null(), 1 << 20)
BOMBS: dict[str, Callable[[], pa.Array]] = {
    "nulls": lambda: without_buffers(pa.null(), (1 << 31) - 1),
    "nulls in lists": lambda: without_buffers(WIDE, 2000, without_buffers(pa.null(), 2000 << 20)),
    "category": lambda: pa.array(["x" * (1 << 20)]).dictionary_encode().take(np.zeros(100_000, np.int8)),
    "zeros": lambda: pa.array(np.zeros(300 << 20, np.int8)),
    "few zeros": lambda: pa.array(np.zeros(1 << 20, np.int8)),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_arrow_chunks_that_are_bombs(
    repository: DataRepository, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    array = BOMBS[bomb]()
    kind, rows = array.type, len(array)
    options = {"compression": "zstd"} if "zeros" in bomb else {}
    data = write_stream(pa.record_batch([array], ["values"]), **options)
    del array
    assert len(data) < 2 << 20
    monkeypatch.setattr(arrow_validation, "MAX_MEMORY", MEMORY)
    with pytest.raises(Invalid, match=r"memory|compressed|rows"), memory_limited():
        commit_column(repository, data, rows, kind)


def test_a_sandbox_process_that_is_killed(ingest: FileIngest) -> None:
    def kill() -> None:
        while (found := sandbox_process()) is None:
            time.sleep(0.001)
        os.kill(int(found), 9)

    killer = threading.Thread(target=kill)
    killer.start()
    reject(ingest, "csv", b"x\n", *[b"1\n" * 500_000] * 10)
    killer.join()


def test_a_sandbox_process_without_memory(repository: DataRepository) -> None:
    reject(
        FileIngest(repository, IngestLimits(1 << 20, MAX_COLUMN_BYTES)),
        "parquet",
        write_parquet(create_table()),
    )
