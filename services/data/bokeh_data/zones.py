"""Zones: what is known of a chunk without reading it (in other systems: zone maps, block statistics)."""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bokeh_data.dtypes import is_ordered, is_time, raw_dtype

NAT = np.iinfo(np.int64).min
MAX_TEXT = 64  # characters of a least or greatest text
HIGHEST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Zone:
    """What is known of a chunk.

    Attributes:
        low: no value is less; times as integers of their unit. None when nothing is known, or all are null.
        high: no value is greater.
        nulls: number of NaN, NaT and None.
        ascending: whether each value is at least the one before it, and none is null.
        text: bytes of the values as a JSON list without its brackets, where that is how browsers get them.
    """

    low: Any = None
    high: Any = None
    nulls: int = 0
    ascending: bool = False
    text: int | None = None

    @property
    def listed(self) -> tuple[Any, ...]:
        """The attributes in their order."""
        return astuple(self)


def zone_of_bytes(dtype: str, data: bytes | memoryview) -> Zone:
    """Look at a chunk of a fixed dtype."""
    if not is_ordered(dtype):
        return Zone()
    values: NDArray[Any] = np.frombuffer(data, raw_dtype(dtype))
    null = _null(dtype, values)
    nulls = int(np.count_nonzero(null)) if null is not None else 0
    if nulls == len(values):
        return Zone(nulls=nulls)
    if is_time(dtype) and nulls:
        low, high = values[~null].min(), values.max()  # type: ignore[operator]  # nulls were counted in it
    else:
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    ascending = nulls == 0 and bool((values[1:] >= values[:-1]).all())
    return Zone(low.item(), high.item(), nulls, ascending)


def zone_of_arrow(values: pa.Array, text: int | None = None) -> Zone:
    """Look at a chunk of Arrow values."""
    nulls = values.null_count
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    try:
        least = pc.min_max(plain)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return Zone(nulls=nulls, text=text)
    low, high = (_bound(least[name]) for name in ("min", "max"))
    if isinstance(low, str):
        low, high = low[:MAX_TEXT], high if len(high) <= MAX_TEXT else high[:MAX_TEXT] + HIGHEST
    if not isinstance(low, (str, int, float)):
        low = high = None
    return Zone(low, high, nulls, False, text)


def _null(dtype: str, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    if is_time(dtype):
        return np.asarray(values == NAT)
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    return None


def _bound(scalar: pa.Scalar) -> Any:
    return scalar.as_py()
