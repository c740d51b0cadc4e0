"""The pipe protocol between the service and its sandbox processes.

A frame is a line of JSON, followed by as many bytes as it declares. The process that reads a file sends the
`names` of the columns once, then pieces of columns, and at the end either the number of `rows` or an `error`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from bokeh_data.columns.statistics import ChunkStatistics

MAX_LINE_BYTES = 32 << 20  # the names of columns are one line
MAX_PIECE_BYTES = 64 << 20


@dataclass(frozen=True)
class ColumnPiece:
    """Consecutive rows of one column, as the bytes of a chunk.

    Attributes:
        column: the number of the column.
        dtype: see `dtypes`.
        row_shape: lengths of the dimensions after the first.
        rows: number of rows.
        statistics: of the values.
        data: the bytes of the chunk.
    """

    column: int
    dtype: str
    row_shape: tuple[int, ...]
    rows: int
    statistics: ChunkStatistics
    data: bytes | memoryview


class IncompleteFrame(Exception):
    """The other process exited within a frame."""


def write_frame(pipe: IO[bytes], header: dict[str, Any], data: bytes | memoryview = b"") -> None:
    """Write a frame."""
    pipe.write(json.dumps({**header, "size": len(data)}).encode() + b"\n")
    pipe.write(data)


def write_piece(pipe: IO[bytes], piece: ColumnPiece) -> None:
    """Write a piece of a column as a frame."""
    header = {
        "column": piece.column,
        "dtype": piece.dtype,
        "row_shape": piece.row_shape,
        "rows": piece.rows,
        "statistics": piece.statistics.record,
    }
    write_frame(pipe, header, piece.data)


def read_frames(pipe: IO[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield frames until the pipe is closed.

    Raises:
        IncompleteFrame: the pipe was closed within a frame.
    """
    while line := pipe.readline(MAX_LINE_BYTES):
        if not line.endswith(b"\n"):
            raise IncompleteFrame
        header = json.loads(line)
        size = int(header["size"])
        if not 0 <= size <= MAX_PIECE_BYTES:
            raise IncompleteFrame
        data = pipe.read(size)
        if len(data) != size:
            raise IncompleteFrame
        yield header, data


def parse_piece(header: dict[str, Any], data: bytes) -> ColumnPiece:
    """Return the piece of a column in a frame."""
    shape, statistics = tuple(header["row_shape"]), ChunkStatistics(*header["statistics"])
    return ColumnPiece(header["column"], header["dtype"], shape, header["rows"], statistics, data)
