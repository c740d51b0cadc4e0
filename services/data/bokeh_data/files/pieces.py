"""What the process that reads a file says to the one that stores it: frames, over a pipe.

A frame is a line of JSON and the bytes that it announces: `names` of the columns once, then pieces of
columns, and at last either the number of `rows` or an `error`.
"""

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import IO, Any

from bokeh_data.zones import Zone

MAX_LINE = 32 << 20  # bytes; the names of columns are one line
MAX_PIECE = 64 << 20  # bytes


@dataclass(frozen=True)
class Piece:
    """Rows of one column, as the bytes of a chunk.

    Attributes:
        column: its number.
        dtype: see `dtypes`.
        row_shape: lengths of the dimensions after the first.
        rows: how many.
        zone: what is known of them.
        data: of the chunk.
    """

    column: int
    dtype: str
    row_shape: tuple[int, ...]
    rows: int
    zone: Zone
    data: bytes | memoryview


class BrokenPipe(Exception):
    """The other process ended in the middle."""


def write_frame(pipe: IO[bytes], head: dict[str, Any], data: bytes | memoryview = b"") -> None:
    """Write a frame."""
    pipe.write(json.dumps({**head, "size": len(data)}).encode() + b"\n")
    pipe.write(data)


def write_piece(pipe: IO[bytes], piece: Piece) -> None:
    """Write a piece of a column."""
    head = {
        "column": piece.column,
        "dtype": piece.dtype,
        "row_shape": piece.row_shape,
        "rows": piece.rows,
        "zone": astuple(piece.zone),
    }
    write_frame(pipe, head, piece.data)


def read_frames(pipe: IO[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield frames until the pipe ends; `BrokenPipe` when it ends within one."""
    while line := pipe.readline(MAX_LINE):
        if not line.endswith(b"\n"):
            raise BrokenPipe
        head = json.loads(line)
        size = int(head["size"])
        if not 0 <= size <= MAX_PIECE:
            raise BrokenPipe
        data = pipe.read(size)
        if len(data) != size:
            raise BrokenPipe
        yield head, data


def piece_of(head: dict[str, Any], data: bytes) -> Piece:
    """Return the piece of a frame."""
    shape, zone = tuple(head["row_shape"]), Zone(*head["zone"])
    return Piece(head["column"], head["dtype"], shape, head["rows"], zone, data)
