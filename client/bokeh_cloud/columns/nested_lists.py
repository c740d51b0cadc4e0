"""Columns whose rows are lists, such as the lines of `multi_line`: arrays, or nested lists for JSON."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from bokeh_cloud.columns.item_kinds import NUMBERS, TIMES, cannot_store, is_missing, kind_of, kinds_of
from bokeh_cloud.columns.plain_values import PlainValues
from bokeh_cloud.columns.python_numbers import (
    float_to_json,
    read_integers,
    read_numbers,
    read_truths,
    to_float,
)
from bokeh_cloud.columns.python_times import read_dates, read_datetimes, read_durations, read_times_of_day
from bokeh_cloud.errors import CloudError

UNITS_PER_MILLISECOND = {"us": 1_000, "ns": 1_000_000, "ps": 10**9, "fs": 10**12, "as": 10**15}

_TIME_READERS = {
    "datetime": read_datetimes,
    "date": read_dates,
    "time": read_times_of_day,
    "duration": read_durations,
}


def read_lists(name: str, items: Sequence[Any]) -> PlainValues:
    """Return rows of numbers of the same length as an array, and other rows as nested lists.

    In the latter, a missing number is NaN and times are milliseconds, as in Bokeh.

    Raises:
        CloudError: an item of a list cannot be stored, or not together with the others.
    """
    if _are_equal_arrays(items):
        return PlainValues(np.array(items))
    rows = [None if kind_of(type(item)) == "missing" else _to_list(item) for item in items]
    leaves = list(_leaves(rows))
    kinds = kinds_of(leaves)
    if "" in kinds or "complex" in kinds or (kinds & TIMES and not kinds <= TIMES):
        raise cannot_store(name, leaves)
    if kinds and (kinds <= {"integer", "number", "decimal"} or kinds == {"truth"}):
        array = _rectangular(name, rows, leaves, kinds)
        if array is not None:
            return PlainValues(array)
    is_uniform = len(kinds) <= 1 or kinds <= NUMBERS or kinds <= TIMES
    has_times_or_numbers = bool(kinds) and kinds <= NUMBERS | TIMES
    convert = _convert_number if has_times_or_numbers else to_json
    nested = [None if row is None else _nested(name, row, convert) for row in rows]
    return PlainValues(nested, is_mixed=not is_uniform or len(set(_depths(rows))) > 1)


def to_json(name: str, item: Any) -> Any:
    """Return a value as JSON has it, in Bokeh's encoding; raises CloudError if it cannot be stored."""
    kind = kind_of(type(item))
    if kind == "list":
        return [to_json(name, part) for part in _to_list(item)]
    if is_missing(item):
        return None
    if kind in ("number", "decimal"):
        return float_to_json(to_float(name, item))
    if kind == "integer":
        return int(read_integers(name, [item]).values[0])
    if kind not in ("text", "truth"):
        raise cannot_store(name, [item])
    return str(item) if kind == "text" else bool(item)


def _are_equal_arrays(items: Sequence[Any]) -> bool:
    """Return whether all rows are arrays of the same shape and the same type of numbers or times."""
    if {type(item) for item in items} != {np.ndarray}:
        return False
    return len({(item.shape, item.dtype) for item in items}) == 1 and items[0].dtype.kind in "biufcMm"


def _rectangular(name: str, rows: Sequence[Any], leaves: list[Any], kinds: set[str]) -> Any:
    """Return rows as an array with several dimensions; None if they are ragged or some are missing."""
    shape = _shape(rows)
    if shape is None or math.prod(shape) != len(leaves):
        return None
    found = read_truths(name, leaves) if kinds == {"truth"} else read_numbers(name, leaves, kinds)
    return found.values.reshape(shape) if isinstance(found.values, np.ndarray) else None


def _shape(rows: Any) -> tuple[int, ...] | None:
    """Return the lengths of the dimensions of nested lists, None if they are ragged."""
    if not isinstance(rows, list):
        return None if rows is None else ()
    shapes = {_shape(row) for row in rows}
    if len(shapes) != 1 or None in shapes:
        return None
    [shape] = shapes
    return (len(rows), *(shape or ()))


def _to_list(item: Any) -> list[Any]:
    """Return a list of lists of Python objects."""
    if isinstance(item, np.ndarray) and item.dtype.kind in "Mm":  # whose tolist() would return integers
        item = list(item)
    for convert in ("tolist", "to_list", "to_pylist"):
        if hasattr(item, convert):
            item = getattr(item, convert)()
            break
    return [_to_list(part) if kind_of(type(part)) == "list" else part for part in item]


def _leaves(rows: Iterable[Any]) -> Iterable[Any]:
    for row in rows:
        if isinstance(row, list):
            yield from _leaves(row)
        else:
            yield row


def _depths(item: Any) -> Iterable[int]:
    """Yield the depth of each value that is not missing."""
    if isinstance(item, list):
        for part in item:
            yield from (depth + 1 for depth in _depths(part))
    elif not is_missing(item):
        yield 0


def _nested(name: str, item: Any, convert: Callable[[str, Any], Any]) -> Any:
    if isinstance(item, list):
        return [_nested(name, part, convert) for part in item]
    return convert(name, item)


def _convert_number(name: str, item: Any) -> Any:
    """Return a number, NaN if it is missing; milliseconds for a time."""
    kind = kind_of(type(item))
    if kind in TIMES and not is_missing(item):
        return _milliseconds(name, _TIME_READERS[kind](name, [item]).values)
    if kind == "integer":
        return int(read_integers(name, [item]).values[0])
    return float_to_json(to_float(name, item))


def _milliseconds(name: str, times: Any) -> float:
    """Return a time in milliseconds; raise CloudError if it would be rounded."""
    unit, count = np.datetime_data(times.dtype)[0], int(times.view("i8")[0])
    per_millisecond = UNITS_PER_MILLISECOND.get(unit)
    if per_millisecond is None:
        return float(times.astype(f"{times.dtype.kind}8[ms]").view("i8")[0])
    found = count / per_millisecond
    divisor = 1 if count % 1000 or unit == "us" else 1000  # whole microseconds of nanoseconds
    if round(found * (per_millisecond / divisor)) * divisor != count:
        raise CloudError(
            f"Column {name!r} holds lists of times, which are stored as milliseconds, and {times[0]} would "
            "be rounded: convert them to microseconds or milliseconds."
        )
    return float(found)
