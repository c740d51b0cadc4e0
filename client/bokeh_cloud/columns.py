"""Columns: one typed array each, cut into chunks that are named by the hash of their bytes.

The unit of upload is the chunk, the unit of sharing the column. The name of a column is the hash of its
manifest, which lists dtype, shape and chunks, so the client knows it without asking anybody.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

CHUNK_BYTES = 4 * 2**20
PARALLEL_BYTES = 2**18  # below, starting threads costs more than BLAKE3 takes

ITEM_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8,
    "uint64": 8, "float16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16, "packed": 1,
}  # fmt: skip
TIMES = ("datetime64[", "timedelta64[")  # 8 bytes each


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a column's bytes; `data` is a view into the column."""

    hash: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class Column:
    """A typed array: little-endian, C order; `data` is a flat view of its bytes."""

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    hash: str

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def manifest(self) -> dict[str, Any]:
        """Return what the column is made of, as the server is told."""
        return _manifest(self.dtype, self.shape, self.chunks)


def column(dtype: str, shape: Sequence[int], data: bytes | bytearray | memoryview) -> Column:
    """Cut an array into chunks and name it; copies nothing, so the array must stay as it is until it is sent.

    Raises:
        ValueError: dtype and shape do not make the bytes that are there.
    """
    view = flat(data)
    expected = math.prod(shape) * (8 if dtype.startswith(TIMES) else ITEM_BYTES[dtype])
    if len(view) != expected:
        raise ValueError(f"{dtype} of shape {list(shape)} takes {expected} bytes, not {len(view)}")
    chunks = tuple(Chunk(digest(part), part) for part in _cut(view))
    named = json.dumps(_manifest(dtype, shape, chunks), sort_keys=True, separators=(",", ":"))
    return Column(dtype, tuple(shape), chunks, digest(memoryview(named.encode())))


def digest(data: memoryview) -> str:
    """Return the BLAKE3-256 of bytes in lower-case hex, on all processors where that pays."""
    threads = blake3.AUTO if len(data) >= PARALLEL_BYTES else 1
    return blake3(data, max_threads=threads).hexdigest()


def flat(data: bytes | bytearray | memoryview) -> memoryview:
    """Return the bytes of a C-contiguous buffer as one row of uint8, without a copy."""
    view = memoryview(data)
    return view.cast("B") if view.nbytes else memoryview(b"")  # a view without elements refuses the cast


def _cut(view: memoryview) -> Iterator[memoryview]:
    return (view[start : start + CHUNK_BYTES] for start in range(0, len(view), CHUNK_BYTES))


def _manifest(dtype: str, shape: Sequence[int], chunks: Sequence[Chunk]) -> dict[str, Any]:
    listed = [{"hash": chunk.hash, "size": len(chunk.data)} for chunk in chunks]
    return {"dtype": dtype, "shape": list(shape), "chunks": listed}
