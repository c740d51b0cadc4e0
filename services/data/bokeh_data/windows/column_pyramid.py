"""The pyramid of a column: the pyramids of its chunks, one after another, and coarser levels above them.

Stored form, little-endian: int64 format, number of blocks (including padding), nulls, ascending (1 or 0);
then for each level its minima and its maxima; then of the lowest level as uint16 the offsets of the minima,
those of the maxima, and if there are nulls, their number in each block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bokeh_data.windows.chunk_pyramid import (
    OFFSET,
    Array,
    ChunkPyramid,
    computing_dtype,
    empty_extrema,
    maximum_of,
    minimum_of,
    split_offsets,
)
from bokeh_data.windows.prefetch import bytes_in_memory

#: The number of blocks of a level that make one block of the level above.
FAN_OUT = 16
FORMAT = 2
_HEADER = np.dtype("<i8")
_HEADER_BYTES = 4 * _HEADER.itemsize


@dataclass(frozen=True)
class ColumnPyramid:
    """Minima and maxima of a column's blocks, on several levels.

    Attributes:
        levels: from fine to coarse, minimum and maximum of each block; shapes (2, number of blocks), padded
            to a multiple of `FAN_OUT`.
        offsets: where in its block of the lowest level the minimum and the maximum is; as its shape.
        null_counts: number of nulls of each block of the lowest level; empty if there are none.
        nulls: number of NaN and NaT.
        ascending: whether each value is at least the one before it, and none is null.
    """

    levels: tuple[Array, ...]
    offsets: Array
    null_counts: Array
    nulls: int
    ascending: bool

    @property
    def size(self) -> int:
        """Bytes of memory; levels that are mapped take none."""
        parts = (*self.levels, self.offsets, self.null_counts)
        return sum(bytes_in_memory(part, part.nbytes) for part in parts)

    @cached_property
    def nulls_before(self) -> Array:
        """How many nulls there are before each block of the lowest level, and in all blocks."""
        return np.concatenate([[0], np.cumsum(self.null_counts, dtype=np.int64)])


def build_column_pyramid(pyramids: list[ChunkPyramid]) -> ColumnPyramid:
    """Return the pyramid of a column, from the pyramids of its chunks in their order."""
    pyramids = [pyramid for pyramid in pyramids if pyramid.rows]
    blocks = [pyramid.blocks for pyramid in pyramids]
    if not blocks:
        return ColumnPyramid((), np.empty((2, 0), OFFSET), np.empty(0, OFFSET), 0, True)
    levels = [_pad(np.concatenate(blocks, 1), *empty_extrema(blocks[0].dtype))]
    while levels[-1].shape[1] > FAN_OUT:
        low, high = levels[-1].reshape(2, -1, FAN_OUT)
        above = [minimum_of(low.dtype).reduce(low, 1), maximum_of(low.dtype).reduce(high, 1)]
        levels.append(_pad(np.stack(above), *empty_extrema(low.dtype)))
    offsets = _pad(np.concatenate([pyramid.offsets for pyramid in pyramids], 1), 0, 0)
    nulls, ascending = sum(pyramid.nulls for pyramid in pyramids), _is_ascending(pyramids, blocks)
    counts = _null_counts(pyramids, offsets.shape[1]) if nulls else np.empty(0, OFFSET)
    return ColumnPyramid(tuple(levels), offsets, counts, nulls, ascending)


def write_column_pyramid(pyramid: ColumnPyramid) -> Iterator[bytes]:
    """Yield the stored form of a pyramid of at least one block."""
    write_header = [FORMAT, pyramid.levels[0].shape[1], pyramid.nulls, pyramid.ascending]
    yield np.array(write_header, _HEADER).tobytes()
    for part in (*pyramid.levels, pyramid.offsets, pyramid.null_counts):
        yield part.tobytes()


def read_column_pyramid(dtype: str, data: memoryview) -> ColumnPyramid | None:
    """Parse the stored form of a pyramid, without a copy; None if it has another format or is truncated."""
    if len(data) < _HEADER_BYTES:
        return None
    found_format, blocks, nulls, ascending = np.frombuffer(data, _HEADER, 4).tolist()
    kind, widths = computing_dtype(dtype), list(_widths(blocks))
    count = 2 * sum(widths)
    offsets_at = _HEADER_BYTES + count * kind.itemsize
    if found_format != FORMAT or len(data) != offsets_at + OFFSET.itemsize * blocks * (3 if nulls else 2):
        return None
    levels = np.split(np.frombuffer(data, kind, count, _HEADER_BYTES), 2 * np.cumsum(widths[:-1]))
    offsets, counts = split_offsets(data, offsets_at, blocks)
    return ColumnPyramid(tuple(one.reshape(2, -1) for one in levels), offsets, counts, nulls, bool(ascending))


def _is_ascending(pyramids: list[ChunkPyramid], blocks: list[Array]) -> bool:
    firsts, lasts = [these[0, 0] for these in blocks[1:]], [these[1, -1] for these in blocks[:-1]]
    chunks_ascend = all(pyramid.ascending for pyramid in pyramids)
    return chunks_ascend and all(first >= last for first, last in zip(firsts, lasts, strict=True))


def _widths(blocks: int) -> Iterator[int]:
    """Yield the number of blocks on each level, including padding."""
    yield blocks
    while blocks > FAN_OUT:
        blocks = -(-blocks // FAN_OUT**2) * FAN_OUT
        yield blocks


def _pad(level: Array, low: Any, high: Any) -> Array:
    """Append blocks with the given numbers, up to a multiple of `FAN_OUT`."""
    padded = np.empty((2, -(-level.shape[1] // FAN_OUT) * FAN_OUT), level.dtype)
    padded[0], padded[1] = low, high
    padded[:, : level.shape[1]] = level
    return padded


def _null_counts(pyramids: list[ChunkPyramid], blocks: int) -> Array:
    """Return the numbers of nulls of all blocks, 0 for the padding."""
    counts, at = np.zeros(blocks, OFFSET), 0
    for pyramid in pyramids:
        width = pyramid.blocks.shape[1]
        if pyramid.nulls:
            counts[at : at + width] = pyramid.null_counts
        at += width
    return counts
