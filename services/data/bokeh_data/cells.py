"""Numbers of rows, cells and chunks, which ascend."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def distinct(numbers: Rows) -> tuple[Rows, Rows]:
    """Return each of some numbers, which ascend, once; and for each of them where it is among those."""
    new = np.empty(len(numbers), bool)
    new[:1] = True
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    return numbers[new], np.cumsum(new) - 1


def runs_of(chunks: Rows) -> Iterator[tuple[int, int, int]]:
    """Yield runs of equal numbers: the number, where it begins and where it ends."""
    ends = [*(np.flatnonzero(np.diff(chunks)) + 1).tolist(), len(chunks)]
    start = 0
    for end in ends:
        if end > start:
            yield int(chunks[start]), start, end
            start = end
