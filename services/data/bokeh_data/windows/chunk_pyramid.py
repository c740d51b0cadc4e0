"""The pyramid of a chunk: minimum and maximum of each of its blocks, and where they are.

A *block* is 512 rows, counted from the first row of the chunk, so appending rows to a column leaves the
pyramids of its other chunks unchanged. Minima and maxima are exact, infinities included; NaN and NaT are
ignored. In a block of nulls only, the minimum is greater than the maximum (integers, times), or both are NaN
(floats).

Stored form, little-endian: int64 format, rows, nulls, ascending (1 or 0); the minima of all blocks; their
maxima; as uint16 the offsets of the minima in their blocks, and of the maxima; and if there are nulls, their
number in each block. It takes 0.5 % of the size of a chunk of float64.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_data.columns.dtypes import is_time, raw_dtype
from bokeh_data.columns.statistics import NAT

BLOCK_ROWS = 512
FORMAT = 3
OFFSET = np.dtype("<u2")
_HEADER = np.dtype("<i8")
_HEADER_BYTES = 4 * _HEADER.itemsize

Array = NDArray[Any]

_NO_COUNTS: Array = np.empty(0, OFFSET)


@dataclass(frozen=True, slots=True)
class ChunkPyramid:
    """Minima and maxima of a chunk's blocks.

    Attributes:
        rows: number of rows.
        nulls: number of NaN and NaT.
        ascending: whether each value is at least the one before it, and none is null.
        blocks: minimum and maximum of each block; shape (2, number of blocks).
        offsets: where in its block the first of them is; 0 in a block of nulls only; same shape.
        null_counts: number of nulls of each block; empty if there are none.
    """

    rows: int
    nulls: int
    ascending: bool
    blocks: Array
    offsets: Array
    null_counts: Array

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.blocks.nbytes + self.offsets.nbytes + self.null_counts.nbytes


def computing_dtype(dtype: str) -> np.dtype[Any]:
    """Return the dtype in which values of a column are compared: times as int64, booleans as uint8."""
    return np.dtype("u1") if dtype == "bool" else raw_dtype(dtype)


def minimum_of(dtype: np.dtype[Any]) -> np.ufunc:
    """Return NumPy's minimum of two values; NaN is ignored."""
    return np.fmin if dtype.kind == "f" else np.minimum


def maximum_of(dtype: np.dtype[Any]) -> np.ufunc:
    """Return NumPy's maximum of two values; NaN is ignored."""
    return np.fmax if dtype.kind == "f" else np.maximum


def empty_extrema(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return minimum and maximum of no values: the neutral elements of `minimum_of` and `maximum_of`."""
    if dtype.kind == "f":
        return dtype.type(np.nan), dtype.type(np.nan)
    limits = np.iinfo(dtype)
    return dtype.type(limits.max), dtype.type(limits.min)


def build_chunk_pyramid(dtype: str, data: bytes | memoryview) -> ChunkPyramid:
    """Compute the pyramid of a chunk, reading its bytes sequentially four to six times."""
    values: Array = np.frombuffer(data, computing_dtype(dtype))
    if not len(values):
        return ChunkPyramid(0, 0, True, np.empty((2, 0), values.dtype), np.empty((2, 0), OFFSET), _NO_COUNTS)
    low, high, null_counts = _block_extrema(values, is_time(dtype))
    nulls = int(null_counts.sum(dtype=np.int64))
    ascending = not nulls and bool((low[1:] >= high[:-1]).all()) and _is_ascending(values)
    offsets = np.stack([_offsets_of(values, low), _offsets_of(values, high)])
    return ChunkPyramid(len(values), nulls, ascending, np.stack([low, high]), offsets, null_counts)


def write_chunk_pyramid(pyramid: ChunkPyramid) -> bytes:
    """Return the stored form of a pyramid."""
    write_header = np.array([FORMAT, pyramid.rows, pyramid.nulls, pyramid.ascending], _HEADER)
    parts = (write_header, pyramid.blocks, pyramid.offsets, pyramid.null_counts)
    return b"".join(part.tobytes() for part in parts)


def read_chunk_pyramid(dtype: str, data: bytes | memoryview) -> ChunkPyramid | None:
    """Parse the stored form of a pyramid; None if it has another format or is truncated."""
    if len(data) < _HEADER_BYTES:
        return None
    found_format, rows, nulls, ascending = np.frombuffer(data, _HEADER, 4).tolist()
    kind, blocks = computing_dtype(dtype), -(-rows // BLOCK_ROWS)
    offsets_at = _HEADER_BYTES + 2 * blocks * kind.itemsize
    if found_format != FORMAT or len(data) != offsets_at + OFFSET.itemsize * blocks * (3 if nulls else 2):
        return None
    extrema = np.frombuffer(data, kind, 2 * blocks, _HEADER_BYTES).reshape(2, blocks)
    offsets, null_counts = split_offsets(data, offsets_at, blocks)
    return ChunkPyramid(rows, nulls, bool(ascending), extrema, offsets, null_counts)


def split_offsets(data: bytes | memoryview, start: int, blocks: int) -> tuple[Array, Array]:
    """Return the offsets and the numbers of nulls at the end of the stored form of a pyramid."""
    numbers: Array = np.frombuffer(data, OFFSET, offset=start)
    return numbers[: 2 * blocks].reshape(2, blocks), numbers[2 * blocks :]


def _block_extrema(values: Array, are_times: bool) -> tuple[Array, Array, Array]:
    """Return the minima of all blocks, their maxima, and their numbers of nulls (empty if all are 0)."""
    starts = np.arange(0, len(values), BLOCK_ROWS)
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    if values.dtype.kind == "f" and np.isnan(low).any():
        low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
        return low, high, np.add.reduceat(np.isnan(values), starts, dtype=OFFSET)
    if are_times and low.min() == NAT:
        null = values == NAT
        low = np.minimum.reduceat(np.where(null, ~NAT, values), starts)
        return low, high, np.add.reduceat(null, starts, dtype=OFFSET)
    return low, high, _NO_COUNTS


def _offsets_of(values: Array, wanted: Array) -> Array:
    """Return for each block the offset of the first value that equals the wanted one; 0 if none does."""
    full = len(values) // BLOCK_ROWS
    blocks = values[: full * BLOCK_ROWS].reshape(full, BLOCK_ROWS)
    offsets: Array = (blocks == wanted[:full, None]).argmax(1)
    if full < len(wanted):
        offsets = np.append(offsets, (values[full * BLOCK_ROWS :] == wanted[-1]).argmax())
    return offsets.astype(OFFSET)


def _is_ascending(values: Array, step: int = 1 << 15) -> bool:
    """Compare neighbours, in runs that fit into a processor's cache."""
    parts = (values[start : start + step + 1] for start in range(0, len(values), step))
    return all(bool((part[1:] >= part[:-1]).all()) for part in parts)
