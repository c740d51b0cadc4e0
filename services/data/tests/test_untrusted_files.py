"""Malicious and damaged files: a clear error, little memory, and no objects that cannot be collected."""

import os
import signal
from typing import Any

import pyarrow as pa
import pytest

import bokeh_data.ingest.ingest
from bokeh_data.ingest.ingest import FileIngest, IngestLimits
from bokeh_data.sandbox.pipe_protocol import ColumnPiece, parse_piece
from bokeh_data.storage.repository import DataRepository

from .untrusted_files import (
    MAX_COLUMN_BYTES,
    WRITERS,
    create_table,
    reject,
    sandbox_process,
    write_parquet,
    write_stream,
)

pytestmark = pytest.mark.usefixtures("only_garbage_is_stored")


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


def test_a_sandbox_process_that_is_killed(ingest: FileIngest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed after the first piece, while it writes others, which do not fit in the pipe."""

    def kill_and_parse(header: dict[str, Any], data: bytes) -> ColumnPiece:
        if (process := sandbox_process()) is not None:
            os.kill(int(process), signal.SIGKILL)
        return parse_piece(header, data)

    monkeypatch.setattr(bokeh_data.ingest.ingest, "parse_piece", kill_and_parse)
    assert "damaged" in reject(ingest, "csv", b"x\n", *[b"1\n" * 500_000] * 10)


def test_a_sandbox_process_without_memory(repository: DataRepository) -> None:
    reject(
        FileIngest(repository, IngestLimits(1 << 20, MAX_COLUMN_BYTES)),
        "parquet",
        write_parquet(create_table()),
    )
