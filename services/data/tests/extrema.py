"""Extrema of the rows in bins, by brute force, and windows of few rows."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_data.windows import bins, chunk_pyramid, column_reader, range_extrema
from bokeh_data.windows.viewport import WindowResult

Array = NDArray[Any]


def brute_force(x: Array, y: Array, begin: float, end: float, pixels: int) -> dict[int, tuple[Any, Any]]:
    """Return minimum and maximum of each bin that has rows, NaN for bins of nulls only."""
    edges = np.linspace(begin, end, pixels + 1)[:-1]
    if x.dtype.kind in "iu":
        begin, end = math.ceil(begin), math.floor(end)
        edges = np.array([begin - (begin - end) * i // pixels for i in range(pixels)])
    inside = (x >= begin) & (x <= end)
    bins = np.clip(np.searchsorted(edges, x[inside].astype(edges.dtype), "right") - 1, 0, pixels - 1)
    values = numbers(y[inside])
    return {
        int(i): (np.fmin.reduce(values[bins == i]), np.fmax.reduce(values[bins == i]))
        for i in np.unique(bins)
    }


def numbers(y: Array) -> Array:
    """Return values as numbers, NaN for nulls."""
    return y if y.dtype.kind != "M" else np.where(np.isnat(y), np.nan, y.astype(np.int64))


def extrema_of(found: WindowResult, begin: float, end: float, pixels: int, x: str = "x", y: str = "y") -> Any:
    return brute_force(found.columns[x].array, found.columns[y].array, begin, end, pixels)


def assert_same(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for i in expected:
        np.testing.assert_array_equal(found[i], expected[i])


def shrink(patch: pytest.MonkeyPatch, block: int, ranges: int) -> None:
    """Make blocks of so many rows, and process so many ranges together, so that few rows suffice."""
    for module in (range_extrema, column_reader, chunk_pyramid):
        patch.setattr(module, "BLOCK_ROWS", block)
    for module in (bins, range_extrema):
        patch.setattr(module, "MAX_RANGES", ranges)
