"""The pyramid of a whole column: those of its chunks, and levels above them.

As bytes, little-endian: int64 format, cells (with those that fill the last group), nulls, ascending (1 or 0);
then level by level the least values, and the greatest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bokeh_data.paging import in_memory
from bokeh_data.pyramid import Array, Pyramid, computing_dtype, greatest_of, least_of, nothing

#: How many cells, or groups of a level, are a group, of which the level above has the extremes.
GROUP = 16
FORMAT = 1
_HEAD = np.dtype("<i8")
_HEAD_BYTES = 4 * _HEAD.itemsize


@dataclass(frozen=True)
class Index:
    """The pyramid of a column.

    Attributes:
        levels: least and greatest of each cell, then of each 16 of those and so on; shapes (2, n),
            padded to whole groups.
        nulls: number of NaN and NaT.
        ascending: whether each value is at least the one before it, and none is null.
    """

    levels: tuple[Array, ...]
    nulls: int
    ascending: bool

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return sum(in_memory(level, level.nbytes) for level in self.levels)


def index_of(pyramids: list[Pyramid]) -> Index:
    """Return the pyramid of a column whose chunks have these."""
    cells = [pyramid.cells for pyramid in pyramids if pyramid.rows]
    if not cells:
        return Index((), 0, True)
    levels = [_whole_groups(np.concatenate(cells, 1))]
    while levels[-1].shape[1] > GROUP:
        low, high = levels[-1].reshape(2, -1, GROUP)
        above = [least_of(low.dtype).reduce(low, 1), greatest_of(low.dtype).reduce(high, 1)]
        levels.append(_whole_groups(np.stack(above)))
    firsts, lasts = [these[0, 0] for these in cells[1:]], [these[1, -1] for these in cells[:-1]]
    in_order = all(p.ascending for p in pyramids) and all(a >= b for a, b in zip(firsts, lasts, strict=True))
    return Index(tuple(levels), sum(p.nulls for p in pyramids), in_order)


def write_index(index: Index) -> Iterator[bytes]:
    """Yield an index of some cells as bytes."""
    yield np.array([FORMAT, index.levels[0].shape[1], index.nulls, index.ascending], _HEAD).tobytes()
    for level in index.levels:
        yield level.tobytes()


def read_index(dtype: str, data: memoryview) -> Index | None:
    """Invert `write_index`, without a copy; None when the bytes are of another format, or cut short."""
    if len(data) < _HEAD_BYTES:
        return None
    form, cells, nulls, ascending = np.frombuffer(data, _HEAD, 4).tolist()
    kind, widths = computing_dtype(dtype), list(_widths(cells))
    if form != FORMAT or len(data) != _HEAD_BYTES + 2 * sum(widths) * kind.itemsize:
        return None
    numbers = np.frombuffer(data, kind, offset=_HEAD_BYTES)
    levels = np.split(numbers, 2 * np.cumsum(widths[:-1]))
    return Index(tuple(level.reshape(2, -1) for level in levels), nulls, bool(ascending))


def _widths(cells: int) -> Iterator[int]:
    """Yield how many values there are on each level, with those that fill the last group."""
    yield cells
    while cells > GROUP:
        cells = -(-cells // GROUP**2) * GROUP
        yield cells


def _whole_groups(level: Array) -> Array:
    padded = np.empty((2, -(-level.shape[1] // GROUP) * GROUP), level.dtype)
    padded[0], padded[1] = nothing(level.dtype)
    padded[:, : level.shape[1]] = level
    return padded
