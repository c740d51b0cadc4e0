"""Malicious and damaged Arrow files, and Arrow chunks that clients upload."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_common.errors import Invalid
from bokeh_common.hashing import hash_bytes
from bokeh_data.columns.manifest import Column, parse_column
from bokeh_data.ingest.ingest import FileIngest
from bokeh_data.sandbox import arrow_validation
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository

from .untrusted_files import MEMORY, WRITERS, create_table, memory_limited, reject, upload, write_stream

pytestmark = pytest.mark.usefixtures("only_garbage_is_stored")


@pytest.mark.parametrize(
    ("file_format", "other"), [("arrow-stream", "arrow-file"), ("arrow-file", "arrow-stream")]
)
def test_arrow_files_are_recognized_by_their_contents(
    ingest: FileIngest, file_format: str, other: str
) -> None:
    columns = upload(ingest, file_format, WRITERS[other](create_table(100)))
    assert list(columns) == ["x", "n", "text"]


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
