"""Lists of Python's numbers and booleans as arrays."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from bokeh_cloud.columns.item_kinds import is_missing
from bokeh_cloud.columns.plain_values import MAX_EXACT_INTEGER, PlainValues, with_missing
from bokeh_cloud.errors import CloudError


def read_truths(name: str, items: Sequence[Any]) -> PlainValues:  # noqa: ARG001 - as other readers
    """Return booleans; as a list if some are missing."""
    missing = _missing(items)
    truths = np.array([not gone and bool(item) for item, gone in zip(items, missing, strict=True)])
    return with_missing(truths, missing)


def read_numbers(name: str, items: Sequence[Any], kinds: set[str]) -> PlainValues:
    """Return numbers as int64 or uint64, as float64 with NaN for missing ones, or as complex128.

    Raises:
        CloudError: they have more than 64 bits, or float64 would round them.
    """
    types = {type(item) for item in items}
    if kinds == {"integer"}:
        return read_integers(name, items)
    if "complex" in kinds:
        return PlainValues(np.array([np.nan if is_missing(item) else complex(item) for item in items]))
    if types == {float} or types <= {np.float32, np.float16}:
        return PlainValues(np.array(items))
    return PlainValues(np.array([to_float(name, item) for item in items], np.float64))


def read_integers(name: str, items: Sequence[Any]) -> PlainValues:
    """Return integers; see `read_numbers`."""
    missing = _missing(items)
    integers = [0 if gone else int(item) for item, gone in zip(items, missing, strict=True)]
    low, high = min(integers), max(integers)
    if low < -(2**63) or high >= 2**64 or (low < 0 and high >= 2**63):
        raise CloudError(
            f"Column {name!r} has integers of more than 64 bits ({low} to {high}): convert them to "
            "strings or floats."
        )
    return with_missing(np.array(integers, np.uint64 if high >= 2**63 else np.int64), missing)


def to_float(name: str, item: Any) -> float:
    """Return a number as a float, NaN if it is missing; raises CloudError if it would be rounded."""
    if is_missing(item) or (isinstance(item, Decimal) and item.is_nan()):  # float() refuses signaling NaN
        return math.nan
    is_integer = isinstance(item, (int, np.integer))
    if is_integer and abs(int(item)) > MAX_EXACT_INTEGER:
        item = Decimal(int(item))
    found = float(item)
    if not isinstance(item, Decimal) or not item.is_finite():
        return found
    if math.isinf(found) or (Decimal(found) if is_integer else Decimal(repr(found))) != item:
        raise CloudError(
            f"Column {name!r} has {item}, which a float would round to {found!r}: convert it with str() or "
            "float()."
        )
    return found


def float_to_json(value: float) -> Any:
    """Return a float as Bokeh encodes it, since JSON has neither NaN nor infinities."""
    if math.isfinite(value):
        return value
    return {"type": "number", "value": "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"}


def _missing(items: Sequence[Any]) -> Any:
    if {type(item) for item in items} <= {int, bool}:
        return np.zeros(len(items), bool)
    return np.array([is_missing(item) for item in items], bool)
