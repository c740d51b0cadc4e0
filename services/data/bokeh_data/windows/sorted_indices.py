"""Helpers for ascending arrays of row, block and chunk numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def unique(indices: Indices) -> tuple[Indices, Indices]:
    """Return the distinct values of ascending indices, and for each index its position among them."""
    is_new = np.empty(len(indices), bool)
    is_new[:1] = True
    np.not_equal(indices[1:], indices[:-1], out=is_new[1:])
    return indices[is_new], np.cumsum(is_new) - 1


def interleave(firsts: Indices, seconds: Indices) -> Indices:
    """Return the first element of both, the second of both, and so on."""
    return np.stack([firsts, seconds], 1).reshape(-1)


def first_equal(values: NDArray[Any], wanted: NDArray[Any], starts: Indices, stops: Indices) -> Indices:
    """Return for each range `starts <= i < stops` the first `i` whose value is the wanted one.

    If there is none, as with NaN, return the start.
    """
    ends = np.cumsum(stops - starts)
    begins = ends - (stops - starts)
    if np.array_equal(starts[1:], stops[:-1]):
        parts = values[starts[0] : stops[-1]] if len(starts) else values[:0]
    else:
        parts = values[np.arange(ends[-1]) + np.repeat(starts - begins, stops - starts)]
    hits = np.append(np.flatnonzero(parts == np.repeat(wanted, stops - starts)), len(parts))
    first = hits[np.searchsorted(hits, begins)]
    return np.where(first < ends, first - begins, 0) + starts


def runs(indices: Indices) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of equal indices as (index, start, stop)."""
    stops = [*(np.flatnonzero(np.diff(indices)) + 1).tolist(), len(indices)]
    start = 0
    for stop in stops:
        if stop > start:
            yield int(indices[start]), start, stop
            start = stop
