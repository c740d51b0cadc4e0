"""Columns and their manifests.

A column is one typed array. Its bytes (little-endian, C order) are cut into chunks, each named by the
BLAKE3-256 of its bytes; the manifest lists them with dtype and shape, and the column is named by the
BLAKE3-256 of its manifest. So two columns have the same name exactly when they hold the same values, and a
client can work out the name without asking.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from blake3 import blake3

from bokeh_common.errors import Invalid

#: Bytes of one element, by dtype. A "packed" column holds a value that is not one array (strings, factors,
#: lists of arrays) as bytes that only clients read.
ITEM_BYTES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "float64": 8,
    "packed": 1,
}

MAX_DIMENSIONS = 32
_HASH = re.compile(r"[0-9a-f]{64}")


def check_hash(value: object) -> str:
    """Return `value` when it is written like a hash: 64 lower-case hexadecimal digits."""
    if isinstance(value, str) and _HASH.fullmatch(value):
        return value
    raise Invalid(f"{_shown(value)} is not a hash: 64 lower-case hexadecimal digits (BLAKE3-256).")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a column's bytes, of `size` bytes."""

    hash: str
    size: int


@dataclass(frozen=True)
class Column:
    """What a manifest says.

    Attributes:
        dtype: a key of `ITEM_BYTES`.
        shape: lengths of the dimensions, rows first; `()` is a single element.
        chunks: in the order of the bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[Chunk, ...]

    @property
    def length(self) -> int:
        """Number of rows."""
        return self.shape[0] if self.shape else 1

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]

    @cached_property
    def manifest(self) -> bytes:
        """The manifest: canonical JSON, whose hash is the column's."""
        chunks = [{"hash": chunk.hash, "size": chunk.size} for chunk in self.chunks]
        body = {"chunks": chunks, "dtype": self.dtype, "shape": self.shape}
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def hash(self) -> str:
        """The column's name."""
        return blake3(self.manifest).hexdigest()

    @property
    def summary(self) -> dict[str, Any]:
        """The column without its chunks, as the API shows it; `size` in bytes."""
        return {
            "dtype": self.dtype,
            "shape": list(self.shape),
            "length": self.length,
            "size": self.size,
            "hash": self.hash,
        }


def parse_column(name: str, spec: Any) -> Column:
    """Check what a client says of the column `name`; `Invalid` says what is wrong with it."""
    try:
        column = Column(
            dtype=spec["dtype"],
            shape=tuple(_whole(length) for length in spec["shape"]),
            chunks=tuple(Chunk(check_hash(chunk["hash"]), _whole(chunk["size"])) for chunk in spec["chunks"]),
        )
        known = column.dtype in ITEM_BYTES
    except (KeyError, TypeError) as error:
        message = (
            f"Column {_shown(name)} must have 'dtype', 'shape' and 'chunks' with 'hash' and 'size': {error}."
        )
        raise Invalid(message) from None
    if not known:
        raise Invalid(
            f"Column {_shown(name)}: dtype {_shown(column.dtype)} is none of {', '.join(ITEM_BYTES)}."
        )
    if len(column.shape) > MAX_DIMENSIONS:
        raise Invalid(f"Column {_shown(name)} has over {MAX_DIMENSIONS} dimensions.")
    found = sum(chunk.size for chunk in column.chunks)
    if found != column.size:
        message = f"Column {_shown(name)}: dtype and shape make {column.size} bytes, its chunks {found}."
        raise Invalid(message)
    return column


def read_manifest(manifest: bytes) -> Column:
    """Invert `Column.manifest`, for manifests of this store."""
    body = json.loads(manifest)
    chunks = tuple(Chunk(chunk["hash"], chunk["size"]) for chunk in body["chunks"])
    return Column(body["dtype"], tuple(body["shape"]), chunks)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    raise TypeError(f"{_shown(value)} is not a whole number from 0")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
