"""Chunk statistics: bounds and null count of a chunk, known without reading it (a *zone map*)."""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bokeh_data.columns.dtypes import is_ordered, is_time, raw_dtype

NAT = np.iinfo(np.int64).min

#: Characters that are kept of a bound of strings.
MAX_BOUND_LENGTH = 64
HIGHEST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class ChunkStatistics:
    """Statistics of a chunk. They are stored as a tuple, so the order of the attributes must not change.

    Attributes:
        low: no value is less; times as integers of their unit. None if it is unknown, or all values are null.
        high: no value is greater.
        nulls: number of NaN, NaT and None.
        ascending: whether each value is at least the one before it, and none is null.
        json_size: bytes of the values as a JSON list without its brackets, if browsers get them in that form.
    """

    low: Any = None
    high: Any = None
    nulls: int = 0
    ascending: bool = False
    json_size: int | None = None

    @property
    def record(self) -> tuple[Any, ...]:
        """The attributes in their order, which are stored."""
        return astuple(self)


def statistics_of_bytes(dtype: str, data: bytes | memoryview) -> ChunkStatistics:
    """Compute the statistics of a chunk of a fixed dtype."""
    if not is_ordered(dtype):
        return ChunkStatistics()
    values: NDArray[Any] = np.frombuffer(data, raw_dtype(dtype))
    null = _find_nulls(dtype, values)
    nulls = int(np.count_nonzero(null)) if null is not None else 0
    if nulls == len(values):
        return ChunkStatistics(nulls=nulls)
    if is_time(dtype) and nulls:
        low, high = values[~null].min(), values.max()  # type: ignore[operator]  # nulls were counted in it
    else:
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    ascending = nulls == 0 and bool((values[1:] >= values[:-1]).all())
    return ChunkStatistics(low.item(), high.item(), nulls, ascending)


def statistics_of_arrow(values: pa.Array, json_size: int | None = None) -> ChunkStatistics:
    """Compute the statistics of a chunk of Arrow values."""
    nulls = values.null_count
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    try:
        bounds = pc.min_max(plain)
        low, high = (bounds[name].as_py() for name in ("min", "max"))
    except (pa.ArrowNotImplementedError, ValueError, OverflowError):  # also of times that Python lacks
        return ChunkStatistics(nulls=nulls, json_size=json_size)
    if isinstance(low, str):
        low, high = low[:MAX_BOUND_LENGTH], _upper_bound(high)
    if not isinstance(low, (str, int, float)):
        low = high = None
    return ChunkStatistics(low, high, nulls, False, json_size)


def _upper_bound(text: str) -> str:
    return text if len(text) <= MAX_BOUND_LENGTH else text[:MAX_BOUND_LENGTH] + HIGHEST_CHARACTER


def _find_nulls(dtype: str, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    if is_time(dtype):
        return np.asarray(values == NAT)
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    return None
