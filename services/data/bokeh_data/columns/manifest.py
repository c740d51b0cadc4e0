"""Columns and their manifests.

A column is one typed array. Its bytes are cut into chunks, each named by the BLAKE3-256 of its bytes. The
manifest lists them with dtype and shape, and its own BLAKE3-256 names the column. So two columns of one name
hold the same values, and a client can compute the name without a request.
"""

import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_common.hashing import hash_bytes, is_hash
from bokeh_data.arrow.stored_types import MAX_ROW_ELEMENTS
from bokeh_data.columns.dtypes import PACKED, check_dtype, is_arrow, item_bytes
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.statistics import ChunkStatistics

MAX_DIMENSIONS = 32


def check_hash(value: object) -> str:
    """Return `value` if it is written like a hash.

    Raises:
        Invalid: it is not.
    """
    if not is_hash(value):
        raise Invalid(f"{abbreviate(value)} is not a hash: 64 lower-case hexadecimal digits (BLAKE3-256).")
    return value


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a column's bytes.

    Attributes:
        hash: of the bytes.
        size: number of bytes.
        rows: number of rows, for `arrow[...]` columns only; other rows are counted by their bytes.
    """

    hash: str
    size: int
    rows: int | None = None


@dataclass(frozen=True)
class Column:
    """A manifest, and the statistics that are stored beside it.

    Attributes:
        dtype: see `dtypes`.
        shape: lengths of the dimensions, rows first; `()` for a single element.
        chunks: in the order of the bytes.
        skip: rows at the beginning of the first chunk that were dropped by the rollover.
        statistics: of each chunk; None if they have not been computed. They are not part of the column's
            name.
        drawn: the dtype of times that are stored as the milliseconds that Bokeh draws, see `drawn_times`.
            Only the source knows it.
    """

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    skip: int = 0
    statistics: tuple[ChunkStatistics, ...] | None = field(default=None, compare=False)
    drawn: str | None = field(default=None, compare=False)

    @property
    def length(self) -> int:
        """Number of rows."""
        return self.shape[0] if self.shape else 1

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of a fixed dtype."""
        return math.prod(self.shape[1:]) * item_bytes(self.dtype)

    @property
    def size(self) -> int:
        """Bytes of all values, uncompressed."""
        if is_arrow(self.dtype):
            return sum(chunk.size for chunk in self.chunks)
        return math.prod(self.shape) * item_bytes(self.dtype)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The row at which each chunk begins, and at the end the row before which the last one ends.

        The first chunk begins at `-skip`. Chunks of arrays with several dimensions may end within a row.
        """
        row = max(self.row_bytes, 1)
        rows = [chunk.size // row if chunk.rows is None else chunk.rows for chunk in self.chunks]
        return np.cumsum([-self.skip, *rows], dtype=np.int64)

    @cached_property
    def manifest(self) -> bytes:
        """The manifest, as canonical JSON."""
        body: dict[str, Any] = {
            "chunks": [_chunk_record(chunk) for chunk in self.chunks],
            "dtype": self.dtype,
            "shape": self.shape,
        }
        if self.skip:
            body["skip"] = self.skip
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def hash(self) -> str:
        """The column's name: the hash of its manifest."""
        return hash_bytes(self.manifest)


def parse_column(name: str, spec: Any, allow_arrow: bool = False) -> Column:
    """Parse and check a manifest that a client sent.

    Args:
        name: of the column, for messages.
        spec: dtype, shape, chunks, and `skip` if rows were dropped by the rollover.
        allow_arrow: whether the column may be an Arrow column. Its chunks have to be validated then, see
            `ColumnStore.complete_statistics`.

    Raises:
        Invalid: it is not a manifest, or contradicts itself.
    """
    try:
        column = Column(
            dtype=check_dtype(spec["dtype"]),
            shape=tuple(check_natural(length) for length in spec["shape"]),
            chunks=tuple(_parse_chunk(chunk) for chunk in spec["chunks"]),
            skip=check_natural(spec.get("skip", 0)),
        )
    except (AttributeError, KeyError, TypeError) as error:
        message = (
            f"Column {abbreviate(name)} must have 'dtype', 'shape' and 'chunks' with 'hash' and 'size':"
            f" {error}."
        )
        raise Invalid(message) from None
    if is_arrow(column.dtype) and not allow_arrow:
        raise Invalid(
            f"Column {abbreviate(name)}: send values of this dtype as an Arrow stream, not as chunks."
        )
    if len(column.shape) > MAX_DIMENSIONS:
        raise Invalid(f"Column {abbreviate(name)} has more than {MAX_DIMENSIONS} dimensions.")
    if math.prod(max(length, 1) for length in column.shape[1:]) > MAX_ROW_ELEMENTS:
        raise Invalid(
            f"Column {abbreviate(name)}: a row has at most {MAX_ROW_ELEMENTS} elements, and so has each"
            " dimension after the first."
        )
    _check_sizes(name, column)
    return column


def write_column(column: Column) -> bytes:
    """Return the stored form of a column: its manifest, and on a second line its statistics if known."""
    if column.statistics is None:
        return column.manifest
    records = [stats.record for stats in column.statistics]
    return column.manifest + b"\n" + json.dumps(records, separators=(",", ":")).encode()


def read_column(data: bytes) -> Column:
    """Parse the stored form of a column."""
    manifest, _, records = data.partition(b"\n")
    body = json.loads(manifest)
    return Column(
        body["dtype"],
        tuple(body["shape"]),
        tuple(Chunk(chunk["hash"], chunk["size"], chunk.get("rows")) for chunk in body["chunks"]),
        body.get("skip", 0),
        tuple(ChunkStatistics(*record) for record in json.loads(records)) if records else None,
    )


def _parse_chunk(spec: Any) -> Chunk:
    rows = None if spec.get("rows") is None else check_natural(spec["rows"])
    return Chunk(check_hash(spec["hash"]), check_natural(spec["size"]), rows)


def _chunk_record(chunk: Chunk) -> dict[str, Any]:
    record = {"hash": chunk.hash, "size": chunk.size}
    return record if chunk.rows is None else {**record, "rows": chunk.rows}


def _check_sizes(name: str, column: Column) -> None:
    if is_arrow(column.dtype):
        _check_rows(name, column)
        return
    if any(chunk.rows is not None for chunk in column.chunks):
        raise Invalid(f"Column {abbreviate(name)}: only chunks of Arrow columns have 'rows'.")
    found = sum(chunk.size for chunk in column.chunks)
    if found != column.size + column.skip * column.row_bytes:
        message = f"Column {abbreviate(name)}: dtype and shape make {column.size} bytes, its chunks {found}."
        raise Invalid(message)
    if column.skip and (not column.chunks or column.skip * column.row_bytes >= column.chunks[0].size):
        raise Invalid(f"Column {abbreviate(name)}: 'skip' goes beyond the first chunk.")
    if column.dtype != PACKED and any(chunk.size % item_bytes(column.dtype) for chunk in column.chunks):
        raise Invalid(f"Column {abbreviate(name)}: each chunk must hold whole elements.")


def _check_rows(name: str, column: Column) -> None:
    rows = [chunk.rows or 0 for chunk in column.chunks]
    if len(column.shape) != 1 or not rows or sum(rows) != column.length + column.skip:
        raise Invalid(
            f"Column {abbreviate(name)}: the 'rows' of its chunks must add up to its one dimension."
        )
    if column.skip and column.skip >= rows[0]:
        raise Invalid(f"Column {abbreviate(name)}: 'skip' goes beyond the first chunk.")


def check_natural(value: object) -> int:
    """Return a value of JSON if it is an integer of at least 0, and not a boolean; `TypeError`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    raise TypeError(f"{abbreviate(value)} is not an integer of at least 0")
