"""Files that mean harm, or are broken: a clear error, little memory, nothing that cannot be collected."""

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
from blake3 import blake3

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.columns import Column, parse_column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.files import checking
from bokeh_data.files.spool import spooled
from bokeh_data.files.uploading import Bounds, Uploads
from bokeh_data.records import Records

MEMORY = 256 << 20
UNPACKED = 64 << 20
SECONDS = 60


@pytest.fixture
def uploads(records: Records) -> Uploads:
    return Uploads(records, Bounds(MEMORY, UNPACKED))


@pytest.fixture(autouse=True)
def nothing_is_left(records: Records) -> Iterator[None]:
    """Hold that it does not take for ever, and that what is stored can be collected."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SECONDS
    stored = {blob.key for blob in records._blobs.list("chunks/")}
    assert stored == {f"chunks/{chunk}" for chunk in records.uploads("ada", "", 10_000)}
    assert not records._blobs.list("columns/")


def resident(process: int | str = "self", of: int = 1) -> int:
    """Return bytes of memory: all (1), or what is shared with files (2)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[of]) * os.sysconf("SC_PAGE_SIZE")


def reader() -> str | None:
    """Return the process that reads a file or chunks, if there is one by now."""
    for process in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with suppress(OSError):
            if b"bokeh_data.files." in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
    return None


def upload(uploads: Uploads, form: str, *data: bytes) -> dict[str, Column]:
    with spooled(data) as file:
        return uploads.columns("ada", form, file)


@contextmanager
def watched() -> Iterator[None]:
    """Hold that this process, which stores what is read, takes little memory, and the reader what it may."""
    before, most, done = resident(), [0, 0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            most[0] = max(most[0], resident())
            with suppress(OSError, TypeError):
                process = reader() or ""
                most[1] = max(most[1], resident(process) - resident(process, of=2))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert most[0] - before < 48 << 20
    assert most[1] < MEMORY


def refused(uploads: Uploads, form: str, *data: bytes) -> str:
    """Send a file that cannot be taken, and return what is said of it."""
    with pytest.raises((Invalid, TooLarge)) as caught, watched():
        upload(uploads, form, *data)
    assert 20 < len(str(caught.value)) < 700
    assert caught.value.kind in ("unreadable-file", "too-large")
    return str(caught.value)


def stream(table: Any, **how: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**how)) as writer:
        writer.write(table)
    return sink.getvalue()


def ipc_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table: pa.Table, **how: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


def numbers(rows: int = 12_345) -> pa.Table:
    values = np.random.default_rng(1).standard_normal(rows)
    return pa.table({"x": values, "n": np.arange(rows), "text": [f"row {i}" for i in range(rows)]})


FORMS: dict[str, Callable[[pa.Table], bytes]] = {
    "arrow-stream": stream, "arrow-file": ipc_file, "parquet": parquet,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_truncated(uploads: Uploads, form: str) -> None:
    whole = FORMS[form](numbers())
    for end in (0, 1, 11, len(whole) // 2, len(whole) - 40):
        refused(uploads, form, whole[:end])


@pytest.mark.parametrize(
    ("form", "other"),
    [
        ("arrow-stream", "arrow-file"), ("arrow-file", "arrow-stream"), ("parquet", "arrow-stream"),
        ("arrow-stream", "csv"), ("csv", "parquet"),
    ],
)  # fmt: skip
def test_another_form_than_it_says(uploads: Uploads, form: str, other: str) -> None:
    data = b"x,y\n1,2\n" * 100 if other == "csv" else FORMS[other](numbers(100))
    refused(uploads, form, data)


def varint(value: int) -> bytes:
    """Write a number as Parquet's footer does (Thrift compact protocol: zigzag, seven bits a byte)."""
    value, out = value << 1, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_parquet_with_other_row_counts_than_it_has(uploads: Uploads) -> None:
    data = parquet(numbers())
    true = varint(12_345)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert true in data[footer:]
    lies = [data[footer:].replace(true, varint(lie)) for lie in (12_346, 1_000_000)]
    lies.append(data[footer:].replace(true, varint(12_344), 1))  # of the file, not of its row group
    for lie in lies:
        assert len(lie) == len(data) - footer
        refused(uploads, "parquet", data[:footer] + lie)


def test_parquet_with_a_lie_about_its_footer(uploads: Uploads) -> None:
    data = parquet(numbers())
    for length in (0, 1, 0xFFFFFFFF, len(data) * 2):
        refused(uploads, "parquet", data[:-8] + length.to_bytes(4, "little") + data[-4:])


@pytest.mark.parametrize("seed", range(4))
def test_parquet_whose_footer_is_damaged(uploads: Uploads, seed: int) -> None:
    data = bytearray(parquet(numbers(1000)))
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for at in np.random.default_rng(seed).integers(footer, len(data) - 8, 3):
        data[at] ^= 0xFF
    with suppress(Invalid, TooLarge):
        columns = upload(uploads, "parquet", bytes(data))
        assert {column.length for column in columns.values()} == {1000}  # it hit what does not matter


def test_parquet_bomb(uploads: Uploads) -> None:
    zeros = parquet(pa.table({"x": np.zeros(32 << 20)}), compression="zstd", use_dictionary=False)
    assert len(zeros) < 1 << 20
    assert "more in the file" in refused(uploads, "parquet", zeros)


def test_arrow_bomb_of_one_batch(uploads: Uploads) -> None:
    zeros = stream(pa.table({"x": np.zeros(64 << 20)}), compression="zstd")
    assert len(zeros) < 1 << 20
    assert "memory" in refused(uploads, "arrow-stream", zeros)


def test_arrow_with_a_lie_about_what_it_unpacks_to(uploads: Uploads) -> None:
    values = np.arange(100_000)
    data = stream(pa.table({"x": values}), compression="zstd")
    true = values.nbytes.to_bytes(8, "little")
    assert true in data
    for lie in (1, 1 << 33, 1 << 62, (1 << 63) + 1):
        refused(uploads, "arrow-stream", data.replace(true, lie.to_bytes(8, "little")))


def test_nulls_without_end(uploads: Uploads) -> None:
    nulls = pa.record_batch([pa.Array.from_buffers(pa.null(), (1 << 31) - 1, [None])], ["x"])
    assert "more in the file" in refused(uploads, "arrow-stream", stream(nulls))


def wrong(kind: pa.DataType, *buffers: Any) -> pa.RecordBatch:
    made = [buffer if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    return pa.record_batch([pa.Array.from_buffers(kind, 3, made)], ["x"])


@pytest.mark.parametrize(
    "batch",
    [
        wrong(pa.string(), None, np.array([0, 5, 2, 6], np.int32), b"abcdef"),
        wrong(pa.string(), None, np.array([0, 1, -1, 6], np.int32), b"abcdef"),
        wrong(pa.string(), None, np.array([0, 1, 2, 3], np.int32), b"\xff\xfe\xfd"),
        pa.record_batch(
            [pa.DictionaryArray.from_arrays(pa.array([0, 99, -7]), pa.array(["a"]), safe=False)], ["x"]
        ),
    ],
    ids=["offsets go back", "negative offset", "no UTF-8", "no such category"],
)
def test_arrow_with_wrong_offsets(uploads: Uploads, batch: pa.RecordBatch) -> None:
    refused(uploads, "arrow-stream", stream(batch))


def test_arrow_whose_offsets_go_beyond_the_file(uploads: Uploads) -> None:
    table = pa.table({"x": [f"row {i}" for i in range(1000)]})
    for form in ("arrow-stream", "arrow-file"):
        data = bytearray(FORMS[form](table))
        at = data.index(np.array([0, 5, 10], np.int32).tobytes())
        data[at + 4000 : at + 4004] = (1 << 30).to_bytes(4, "little")
        refused(uploads, form, bytes(data))


def test_arrow_of_nested_types_without_end(uploads: Uploads) -> None:
    kind = pa.int8()
    for _ in range(300):
        kind = pa.list_(kind)
    refused(uploads, "arrow-stream", stream(pa.table({"x": pa.array([], kind)})))


def test_a_line_without_end(uploads: Uploads) -> None:
    block = b"1234567," * (1 << 17)
    assert "columns" in refused(uploads, "csv", *[block] * 64)
    assert refused(uploads, "csv", b"x\n", *[b"a" * (1 << 20)] * 64)
    assert refused(uploads, "csv", b'x\n"', *[b"a\n" * (1 << 19)] * 64)


def test_a_million_columns(uploads: Uploads) -> None:
    names = [f"c{i}" for i in range(1_000_000)]
    assert "columns; a data source has" in refused(uploads, "csv", ",".join(names).encode() + b"\n")
    schema = pa.schema([pa.field(name, pa.int8()) for name in names[:100_000]])
    assert "100000 columns" in refused(uploads, "arrow-stream", stream(schema.empty_table()))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"a,b\n1\n", b"a\n\xff\xfe\n", b"\x00" * 1000, b"a,a\n1,2\n", b",\n1,2\n"],
    ids=["nothing", "a line", "too few", "no UTF-8", "zeros", "twice", "no names"],
)
def test_csv_that_is_none(uploads: Uploads, data: bytes) -> None:
    refused(uploads, "csv", data)


def test_a_value_that_is_too_large(uploads: Uploads) -> None:
    long = pa.array([bytes(65 << 20)], pa.binary(65 << 20))
    assert refused(uploads, "arrow-stream", stream(pa.table({"x": long})))


def committed(records: Records, data: bytes, rows: int, kind: pa.DataType) -> Column:
    """Commit a column of one chunk of Arrow, as a client may write it."""
    name = blake3(data).hexdigest()
    chunk = {"hash": name, "size": len(data), "rows": rows}
    records.put_chunk("ada", name, [data])
    spec = {"dtype": f"arrow[{kind}]", "shape": [rows], "chunks": [chunk]}
    return ColumnStore(records).complete(parse_column("x", spec, arrow=True))


def hollow(kind: pa.DataType, rows: int, *children: pa.Array) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None], children=list(children))


WIDE = pa.list_(pa.null(), 1 << 20)
BOMBS: dict[str, Callable[[], pa.Array]] = {
    "nulls": lambda: hollow(pa.null(), (1 << 31) - 1),
    "nulls in lists": lambda: hollow(WIDE, 2000, hollow(pa.null(), 2000 << 20)),
    "category": lambda: pa.array(["x" * (1 << 20)]).dictionary_encode().take(np.zeros(100_000, np.int8)),
    "zeros": lambda: pa.array(np.zeros(300 << 20, np.int8)),
    "few zeros": lambda: pa.array(np.zeros(1 << 20, np.int8)),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_chunks_of_arrow_that_are_bombs(records: Records, monkeypatch: pytest.MonkeyPatch, bomb: str) -> None:
    array = BOMBS[bomb]()
    kind, rows = array.type, len(array)
    how = {"compression": "zstd"} if "zeros" in bomb else {}
    data = stream(pa.record_batch([array], ["values"]), **how)
    del array
    assert len(data) < 2 << 20
    monkeypatch.setattr(checking, "MEMORY", MEMORY)
    with pytest.raises(Invalid, match=r"memory|packed|rows"), watched():
        committed(records, data, rows, kind)


def test_a_reader_that_is_killed(uploads: Uploads) -> None:
    def kill() -> None:
        while (found := reader()) is None:
            time.sleep(0.001)
        os.kill(int(found), 9)

    killer = threading.Thread(target=kill)
    killer.start()
    refused(uploads, "csv", b"x\n", *[b"1\n" * 500_000] * 10)
    killer.join()


def test_a_reader_without_memory(records: Records) -> None:
    refused(Uploads(records, Bounds(1 << 20, UNPACKED)), "parquet", parquet(numbers()))
