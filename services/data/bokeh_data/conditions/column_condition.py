"""Conditions bound to columns: comparing the values of a type with those that a condition names."""

import math
import re
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bokeh_common.errors import Invalid
from bokeh_data.columns.arrow_types import is_bytes
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.times import parse_time
from bokeh_data.conditions.expression import Condition

#: The maximum number of characters of a number or a time; the digits of a float64 are fewer.
MAX_NUMBER_LENGTH = 1000

_INTEGER = re.compile(r"[-+]?\d+")
_NUMBER_OF_UNITS = re.compile(r"[-+]?\d{5,}")

PATTERN_OPS = ("like", "not like", "contains", "not contains")

#: The maximum number of characters of a pattern, which a regular expression is made of.
MAX_PATTERN_LENGTH = 1000

_COMPARE = {
    "=": pc.equal, "!=": pc.not_equal,
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


class ColumnCondition:
    """A condition bound to the type of its column."""

    def __init__(self, condition: Condition, kind: pa.DataType) -> None:
        """Bind a condition.

        Raises:
            Invalid: the type cannot be compared, or not with these values.
        """
        self.condition = condition
        if pa.types.is_nested(kind) or is_bytes(kind):
            raise Invalid(f"Column {abbreviate(condition.column)} of {kind} cannot be compared.")
        self._kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if condition.op in PATTERN_OPS and not is_text(self._kind):
            raise Invalid(
                f"Column {abbreviate(condition.column)} of {kind} is not text, as 'like' and 'contains' need."
            )
        op, values = condition.op, [_value(condition, text, self._kind) for text in condition.values]
        if _is_compared_as_integer(self._kind):
            op, values = _integer_condition(op, values, self._kind)
        if pa.types.is_float16(self._kind):  # which Arrow does not compare
            self._kind, values = pa.float32(), [_round_to_float16(value) for value in values]
        self.op, self._values = op, values

    def evaluate(self, array: pa.Array) -> pa.Array:
        """Tell for each value whether it meets the condition."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_float16(array.type):
            array = array.cast(self._kind)
        if self.op in ("is", "is not"):
            null = pc.is_null(array, nan_is_null=pa.types.is_floating(array.type))
            return null if self.op == "is" else pc.invert(null)
        if self.op in ("all", "none"):
            return pc.and_(pc.is_valid(array), pa.scalar(self.op == "all"))
        matches = pc.fill_null(self._matches(array), False)
        if self.op in ("!=", "not in") and pa.types.is_floating(array.type):
            matches = pc.and_(matches, pc.invert(pc.is_nan(array)))
        return pc.and_(matches, pc.is_valid(array))

    def _matches(self, array: pa.Array) -> pa.Array:
        """Tell for each value whether it meets the condition; anything for nulls."""
        if self.op in ("in", "not in"):
            found = pc.is_in(array, pa.array(self._values, self._kind))
            return found if self.op == "in" else pc.invert(found)
        if self.op in PATTERN_OPS:
            search = pc.match_like if self.op.endswith("like") else pc.match_substring
            found = search(array, self._values[0])
            return pc.invert(found) if self.op.startswith("not") else found
        return _COMPARE[self.op](array, pa.scalar(self._values[0], self._kind))

    def may_match(self, low: Any, high: Any) -> Any:
        """Tell whether values from `low` to `high`, raw values or arrays of them, may meet the condition."""
        values = [self._raw(value) for value in self._values]
        if self.op == "=":
            return (low <= values[0]) & (high >= values[0])
        if self.op == "in":
            matches: Any = [(low <= value) & (high >= value) for value in values]
            return reduce(np.logical_or, matches, np.zeros(np.shape(low), bool))
        if self.op in ("<", "<="):
            return low < values[0] if self.op == "<" else low <= values[0]
        if self.op in (">", ">="):
            return high > values[0] if self.op == ">" else high >= values[0]
        return np.full(np.shape(low), self.op != "none")

    def _raw(self, value: Any) -> Any:
        if pa.types.is_temporal(self._kind):
            return pa.scalar(value, self._kind).value
        return value


def is_text(kind: pa.DataType) -> bool:
    """Tell whether values are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _value(condition: Condition, text: str, kind: pa.DataType) -> Any:
    """Parse a value to compare a column with; an integer or a fraction of units for times."""
    try:
        if is_text(kind):
            return _check_pattern(text) if condition.op in PATTERN_OPS else text
        _check_number_length(text)
        if pa.types.is_boolean(kind):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return _number(text, kind)
        if pa.types.is_timestamp(kind) and not _NUMBER_OF_UNITS.fullmatch(text):
            return parse_time(text, kind.unit, kind.tz)
        if pa.types.is_duration(kind) or (pa.types.is_temporal(kind) and _NUMBER_OF_UNITS.fullmatch(text)):
            return int(text) if _is_compared_as_integer(kind) else pa.scalar(int(text), kind).as_py()
        return pa.scalar(text).cast(kind).as_py()
    except (KeyError, ValueError, OverflowError, pa.ArrowException):
        column = abbreviate(condition.column)
        raise Invalid(f"{abbreviate(text)} cannot be compared with column {column} of {kind}.") from None


def _number(text: str, kind: pa.DataType) -> int | float:
    if pa.types.is_integer(kind) and _INTEGER.fullmatch(text):
        return int(text)
    if "_" in text:
        raise ValueError("Python's underscores are no part of a number")
    number = float(text)
    if math.isnan(number):
        raise Invalid("NaN equals no number; compare with finite ones, or write 'is null' or 'is not null'.")
    return number


def _check_number_length(text: str) -> None:
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError("no number or time is that long")


def _check_pattern(text: str) -> str:
    if len(text) > MAX_PATTERN_LENGTH:
        raise Invalid(f"'like' and 'contains' take at most {MAX_PATTERN_LENGTH} characters.")
    return text


def _round_to_float16(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float16(value))


def _is_compared_as_integer(kind: pa.DataType) -> bool:
    """Tell whether values are integers, or times, which are integer numbers of units."""
    is_time = pa.types.is_timestamp(kind) or pa.types.is_duration(kind)
    return bool(is_time or pa.types.is_integer(kind))


def _integer_condition(op: str, values: list[Any], kind: pa.DataType) -> tuple[str, list[Any]]:
    """Return an equivalent condition whose values are integers that the type can hold.

    The values may be any numbers: fractions, times between two of the column's units, or out of the type's
    range. The result may be "all" or "none", for which all values or none meet the condition.
    """
    if op in ("is", "is not"):
        return op, values
    bits, is_signed = kind.bit_width, not pa.types.is_unsigned_integer(kind)
    minimum, maximum = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise Invalid("Integers can only be compared with finite numbers.")
    fitting = [int(value) for value in values if value == int(value) and minimum <= value <= maximum]
    if op in ("in", "not in"):
        return op, fitting
    if op in ("=", "!="):
        return (op, fitting) if fitting else ("none" if op == "=" else "all", [])
    value = values[0]
    if op in ("<", "<="):
        bound = math.ceil(value) - 1 if op == "<" else math.floor(value)
        return ("none", []) if bound < minimum else ("<=", [min(bound, maximum)])
    bound = math.floor(value) + 1 if op == ">" else math.ceil(value)
    return ("none", []) if bound > maximum else (">=", [max(bound, minimum)])
