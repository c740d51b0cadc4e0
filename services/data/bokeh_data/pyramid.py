"""The pyramid of a chunk: minima and maxima of its cells, to find extremes without reading all rows.

A *cell* is 512 rows, counted from the chunk's first row, so appending to a column leaves the pyramids of its
other chunks as they are. Least and greatest are exact, infinities included; NaN and NaT count for nothing.
Where a cell has nothing else, its least is greater than its greatest (integers, times), or both are NaN.

As bytes, little-endian: int64 format, rows, nulls, ascending (1 or 0); the least values of all cells, their
greatest. 0.4 % of the chunk.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_data.dtypes import is_time, raw_dtype
from bokeh_data.zones import NAT

CELL = 512  # rows
FORMAT = 2
_HEAD = np.dtype("<i8")
_HEAD_BYTES = 4 * _HEAD.itemsize

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """What is known of the rows of a chunk.

    Attributes:
        rows: how many there are.
        nulls: how many of them are NaN or NaT.
        ascending: whether each is at least the one before it, and none is null.
        cells: least and greatest of each cell; shape (2, cells).
    """

    rows: int
    nulls: int
    ascending: bool
    cells: Array


def computing_dtype(dtype: str) -> np.dtype[Any]:
    """Return the dtype to compare values of a column in: times as int64, truth values as uint8."""
    return np.dtype("u1") if dtype == "bool" else raw_dtype(dtype)


def least_of(dtype: np.dtype[Any]) -> np.ufunc:
    """Return the function for the lesser of two values, which ignores NaN."""
    return np.fmin if dtype.kind == "f" else np.minimum


def greatest_of(dtype: np.dtype[Any]) -> np.ufunc:
    """Return the function for the greater of two values, which ignores NaN."""
    return np.fmax if dtype.kind == "f" else np.maximum


def nothing(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the least and the greatest of no values: what changes no other least or greatest."""
    if dtype.kind == "f":
        return dtype.type(np.nan), dtype.type(np.nan)
    limits = np.iinfo(dtype)
    return dtype.type(limits.max), dtype.type(limits.min)


def build(dtype: str, data: bytes | memoryview) -> Pyramid:
    """Look at the bytes of a chunk; each is read two to four times, in the order in which they are."""
    values: Array = np.frombuffer(data, computing_dtype(dtype))
    if not len(values):
        return Pyramid(0, 0, True, np.empty((2, 0), values.dtype))
    low, high, nulls = _extremes(values, is_time(dtype))
    ascending = not nulls and bool((low[1:] >= high[:-1]).all()) and _is_ascending(values)
    return Pyramid(len(values), nulls, ascending, np.stack([low, high]))


def write(pyramid: Pyramid) -> bytes:
    """Return a pyramid as bytes."""
    head = np.array([FORMAT, pyramid.rows, pyramid.nulls, pyramid.ascending], _HEAD)
    return head.tobytes() + pyramid.cells.tobytes()


def read(dtype: str, data: bytes | memoryview) -> Pyramid | None:
    """Invert `write`; None when the bytes are of another format, or cut short."""
    if len(data) < _HEAD_BYTES:
        return None
    form, rows, nulls, ascending = np.frombuffer(data, _HEAD, 4).tolist()
    kind, cells = computing_dtype(dtype), -(-rows // CELL)
    if form != FORMAT or len(data) != _HEAD_BYTES + 2 * cells * kind.itemsize:
        return None
    found = np.frombuffer(data, kind, offset=_HEAD_BYTES).reshape(2, cells)
    return Pyramid(rows, nulls, bool(ascending), found)


def _extremes(values: Array, times: bool) -> tuple[Array, Array, int]:
    """Return least and greatest of each cell, and the number of nulls."""
    starts = np.arange(0, len(values), CELL)
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    if values.dtype.kind == "f" and np.isnan(low).any():
        low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
        return low, high, int(np.count_nonzero(np.isnan(values)))
    if times and low.min() == NAT:
        null = values == NAT
        return np.minimum.reduceat(np.where(null, ~NAT, values), starts), high, int(np.count_nonzero(null))
    return low, high, 0


def _is_ascending(values: Array, step: int = 1 << 15) -> bool:
    """Compare neighbours, a piece that fits into a processor's cache at a time."""
    pieces = (values[start : start + step + 1] for start in range(0, len(values), step))
    return all(bool((piece[1:] >= piece[:-1]).all()) for piece in pieces)
