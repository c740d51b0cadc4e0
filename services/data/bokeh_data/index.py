"""What stands above the cells of a whole column."""

from dataclasses import dataclass

import numpy as np

from bokeh_data.pyramid import GROUP, Array, Pyramid, greatest_of, least_of, nothing


@dataclass(frozen=True)
class Index:
    """The pyramid of a column above its cells.

    Attributes:
        levels: least and greatest of each group of rows, then of 16 of those and so on; shapes (2, n),
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
        return sum(level.nbytes for level in self.levels)


def index_of(pyramids: list[Pyramid]) -> Index:
    """Return what stands above the cells of chunks that follow each other."""
    tops = [pyramid.groups for pyramid in pyramids if pyramid.rows]
    if not tops:
        return Index((), 0, True)
    levels = [np.concatenate(tops, 1)]
    while levels[-1].shape[1] > GROUP:
        levels[-1] = _whole_groups(levels[-1])
        low, high = levels[-1].reshape(2, -1, GROUP)
        levels.append(np.stack([least_of(low.dtype).reduce(low, 1), greatest_of(low.dtype).reduce(high, 1)]))
    levels[-1] = _whole_groups(levels[-1])
    firsts, lasts = [top[0, 0] for top in tops[1:]], [top[1, -1] for top in tops[:-1]]
    in_order = all(p.ascending for p in pyramids) and all(a >= b for a, b in zip(firsts, lasts, strict=True))
    return Index(tuple(levels), sum(p.nulls for p in pyramids), in_order)


def _whole_groups(level: Array) -> Array:
    padded = np.empty((2, -(-level.shape[1] // GROUP) * GROUP), level.dtype)
    padded[0], padded[1] = nothing(level.dtype)
    padded[:, : level.shape[1]] = level
    return padded
