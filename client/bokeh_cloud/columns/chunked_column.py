"""A column that can be uploaded: a typed array, cut into chunks that are named by the hash of their bytes.

Chunks are uploaded and deduplicated one by one. The name of a column is the hash of its manifest, which lists
dtype, shape and chunks, so the client can compute it without a request.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

CHUNK_BYTES = 4 * 2**20
MAX_ARROW_ROWS = 2**20  # of a chunk
PARALLEL_BYTES = 2**18  # for fewer, starting threads takes longer than BLAKE3

ITEM_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8,
    "uint64": 8, "float16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16, "packed": 1,
}  # fmt: skip
TIMES = ("datetime64[", "timedelta64[")  # 8 bytes each


@dataclass(frozen=True, slots=True)
class ChunkView:
    """A run of a column's bytes; `data` is a view into the column, `rows` their number if it is Arrow."""

    hash: str
    data: memoryview
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ChunkedColumn:
    """A typed array: little-endian, C order; `data` is a flat view of its bytes. Or an array of Arrow."""

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[ChunkView, ...]
    hash: str

    @property
    def size(self) -> int:
        """Size in bytes."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest as the API takes it: dtype, shape and chunks."""
        return _manifest(self.dtype, self.shape, self.chunks)


def chunked_column(dtype: str, shape: Sequence[int], data: bytes | bytearray | memoryview) -> ChunkedColumn:
    """Cut an array into chunks and compute its hash.

    Nothing is copied, so the array must not change before it is uploaded.

    Raises:
        ValueError: the size of the data is not that of the dtype and shape.
    """
    view = flat_bytes(data)
    expected = math.prod(shape) * (8 if dtype.startswith(TIMES) else ITEM_BYTES[dtype])
    if len(view) != expected:
        raise ValueError(f"{dtype} of shape {list(shape)} takes {expected} bytes, not {len(view)}")
    return _column(dtype, tuple(shape), tuple(ChunkView(hash_bytes(part), part) for part in _cut(view)))


def arrow_column(array: Any) -> ChunkedColumn:
    """Return a pyarrow array as a column, each chunk of which is an Arrow IPC stream."""
    rows = max(min(MAX_ARROW_ROWS, CHUNK_BYTES * len(array) // max(array.nbytes, 1)), 1)
    parts = [array[start : start + rows] for start in range(0, max(len(array), 1), rows)]
    streams = [(memoryview(_ipc_stream(part)), len(part)) for part in parts]
    chunks = tuple(ChunkView(hash_bytes(stream), stream, length) for stream, length in streams)
    return _column(f"arrow[{array.type}]", (len(array),), chunks)


def hash_bytes(data: memoryview) -> str:
    """Return the BLAKE3-256 of bytes as lower-case hex, using all processors if there are many bytes."""
    threads = blake3.AUTO if len(data) >= PARALLEL_BYTES else 1
    return blake3(data, max_threads=threads).hexdigest()


def flat_bytes(data: bytes | bytearray | memoryview) -> memoryview:
    """Return the bytes of a C-contiguous buffer as a one-dimensional view of uint8, without a copy."""
    view = memoryview(data)
    return view.cast("B") if view.nbytes else memoryview(b"")  # an empty view cannot be cast


def _cut(view: memoryview) -> Iterator[memoryview]:
    return (view[start : start + CHUNK_BYTES] for start in range(0, len(view), CHUNK_BYTES))


def _ipc_stream(array: Any) -> bytes:
    import pyarrow as pa

    batch, sink = pa.record_batch([array], ["values"]), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _column(dtype: str, shape: tuple[int, ...], chunks: tuple[ChunkView, ...]) -> ChunkedColumn:
    named = json.dumps(_manifest(dtype, shape, chunks), sort_keys=True, separators=(",", ":"))
    return ChunkedColumn(dtype, shape, chunks, hash_bytes(memoryview(named.encode())))


def _manifest(dtype: str, shape: Sequence[int], chunks: Sequence[ChunkView]) -> dict[str, Any]:
    listed = [
        {"hash": chunk.hash, "size": len(chunk.data)} | ({} if chunk.rows is None else {"rows": chunk.rows})
        for chunk in chunks
    ]
    return {"dtype": dtype, "shape": list(shape), "chunks": listed}
