"""Columns and their manifests.

A column is one typed array. Its bytes are cut into chunks, each named by the BLAKE3-256 of its bytes; the
manifest lists them with dtype and shape, and the column is named by the BLAKE3-256 of its manifest. So two
columns of one name hold the same values, and a client can work out the name without asking.
"""

import json
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.dtypes import PACKED, check_dtype, is_arrow, item_bytes
from bokeh_data.zones import Zone

MAX_DIMENSIONS = 32
_HASH = re.compile(r"[0-9a-f]{64}")


def check_hash(value: object) -> str:
    """Return `value` when it is written like a hash: 64 lower-case hexadecimal digits."""
    if isinstance(value, str) and _HASH.fullmatch(value):
        return value
    raise Invalid(f"{shown(value)} is not a hash: 64 lower-case hexadecimal digits (BLAKE3-256).")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a column's bytes.

    Attributes:
        hash: of its bytes.
        size: bytes.
        rows: of an `arrow[...]` column; other rows are counted by their bytes.
    """

    hash: str
    size: int
    rows: int | None = None


@dataclass(frozen=True)
class Column:
    """What a manifest says, and what was worked out beside it.

    Attributes:
        dtype: see `dtypes`.
        shape: lengths of the dimensions, rows first; `()` is a single element.
        chunks: in the order of the bytes.
        skip: rows at the beginning of the first chunk that rolled out of the column.
        zones: of each chunk; None where nobody has looked yet. No part of the column's name.
    """

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    skip: int = 0
    zones: tuple[Zone, ...] | None = field(default=None, compare=False)

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
        """The row at which each chunk begins, and after them the one at which the last ends.

        The first begins at `-skip`. Chunks of arrays with several dimensions may end within a row.
        """
        row = max(self.row_bytes, 1)
        rows = [chunk.size // row if chunk.rows is None else chunk.rows for chunk in self.chunks]
        return np.cumsum([-self.skip, *rows], dtype=np.int64)

    @cached_property
    def manifest(self) -> bytes:
        """The manifest: canonical JSON, whose hash is the column's."""
        body: dict[str, Any] = {
            "chunks": [_listed(chunk) for chunk in self.chunks],
            "dtype": self.dtype,
            "shape": self.shape,
        }
        if self.skip:
            body["skip"] = self.skip
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def hash(self) -> str:
        """The column's name."""
        return blake3(self.manifest).hexdigest()


def parse_column(name: str, spec: Any, arrow: bool = False) -> Column:
    """Check what a client says of the column `name`; `Invalid` says what is wrong with it.

    Args:
        name: for messages.
        spec: a manifest: dtype, shape, chunks, and `skip` where rows rolled out.
        arrow: whether it may be of Arrow; who says so looks into the chunks, see `ColumnStore.complete`.
    """
    try:
        column = Column(
            dtype=check_dtype(spec["dtype"]),
            shape=tuple(_whole(length) for length in spec["shape"]),
            chunks=tuple(_chunk(chunk) for chunk in spec["chunks"]),
            skip=_whole(spec.get("skip", 0)),
        )
    except (AttributeError, KeyError, TypeError) as error:
        message = (
            f"Column {shown(name)} must have 'dtype', 'shape' and 'chunks' with 'hash' and 'size': {error}."
        )
        raise Invalid(message) from None
    if is_arrow(column.dtype) and not arrow:
        raise Invalid(f"Column {shown(name)}: send values of this dtype as an Arrow stream, not as chunks.")
    if len(column.shape) > MAX_DIMENSIONS:
        raise Invalid(f"Column {shown(name)} has over {MAX_DIMENSIONS} dimensions.")
    _check_sizes(name, column)
    return column


def write_column(column: Column) -> bytes:
    """Return a column as it is kept: the manifest, and on a second line its zones where they are known."""
    if column.zones is None:
        return column.manifest
    zones = [zone.listed for zone in column.zones]
    return column.manifest + b"\n" + json.dumps(zones, separators=(",", ":")).encode()


def read_column(data: bytes) -> Column:
    """Invert `write_column`."""
    manifest, _, zones = data.partition(b"\n")
    body = json.loads(manifest)
    return Column(
        body["dtype"],
        tuple(body["shape"]),
        tuple(Chunk(chunk["hash"], chunk["size"], chunk.get("rows")) for chunk in body["chunks"]),
        body.get("skip", 0),
        tuple(Zone(*zone) for zone in json.loads(zones)) if zones else None,
    )


def shown(value: object) -> str:
    """Return a value as it can stand in a message."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _chunk(spec: Any) -> Chunk:
    rows = None if spec.get("rows") is None else _whole(spec["rows"])
    return Chunk(check_hash(spec["hash"]), _whole(spec["size"]), rows)


def _listed(chunk: Chunk) -> dict[str, Any]:
    listed = {"hash": chunk.hash, "size": chunk.size}
    return listed if chunk.rows is None else {**listed, "rows": chunk.rows}


def _check_sizes(name: str, column: Column) -> None:
    if is_arrow(column.dtype):
        _check_rows(name, column)
        return
    if any(chunk.rows is not None for chunk in column.chunks):
        raise Invalid(f"Column {shown(name)}: only chunks of Arrow say how many 'rows' they have.")
    found = sum(chunk.size for chunk in column.chunks)
    if found != column.size + column.skip * column.row_bytes:
        message = f"Column {shown(name)}: dtype and shape make {column.size} bytes, its chunks {found}."
        raise Invalid(message)
    if column.skip and (not column.chunks or column.skip * column.row_bytes >= column.chunks[0].size):
        raise Invalid(f"Column {shown(name)}: 'skip' goes beyond the first chunk.")
    if column.dtype != PACKED and any(chunk.size % item_bytes(column.dtype) for chunk in column.chunks):
        raise Invalid(f"Column {shown(name)}: each chunk must hold whole elements.")


def _check_rows(name: str, column: Column) -> None:
    rows = [chunk.rows or 0 for chunk in column.chunks]
    if len(column.shape) != 1 or not rows or sum(rows) != column.length + column.skip:
        raise Invalid(f"Column {shown(name)}: the 'rows' of its chunks must add up to its one dimension.")
    if column.skip and column.skip >= rows[0]:
        raise Invalid(f"Column {shown(name)}: 'skip' goes beyond the first chunk.")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    raise TypeError(f"{shown(value)} is not a whole number from 0")
