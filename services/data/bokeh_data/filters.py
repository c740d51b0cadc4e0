"""Conditions on rows, as in SQL: `celsius >= 20`, `name in (a, b)`, `hour between 3 and 5`, `name is null`.

A name that has one of these signs or words in it stands in double quotes; so does a text, or in single ones,
where it has a comma in it. NaN, NaT and None are null, and fulfil no condition but `is null`.
"""

import math
import re
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bokeh_common.errors import Invalid
from bokeh_data.axis import in_units
from bokeh_data.cells import Rows
from bokeh_data.columns import shown

MAX_CONDITIONS = 100
MAX_VALUES = 10_000

_CONDITION = re.compile(
    r"""\s*("(?:[^"]|"")+"|.+?)\s*(?:(<=|>=|!=|=|<|>)|(?<=["\s])(between|in|is\s+not|is)\b)\s*(.*)""",
    re.DOTALL | re.IGNORECASE,
)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_NUMBER_OF_UNITS = re.compile(r"[-+]?\d{5,}")
_ITEM = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)""")

_COMPARE = {
    "=": pc.equal, "!=": pc.not_equal,
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """What a row has to fulfil.

    Attributes:
        column: by name.
        op: "=", "!=", "<", "<=", ">", ">=", "in", "is" or "is not".
        values: as written: one, any number for "in", and "null" for "is".
    """

    column: str
    op: str
    values: tuple[str, ...]


def parse(text: str) -> list[Condition]:
    """Return what a condition says; two for `between`. `Invalid`."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Invalid(f"{shown(text)} is no condition, such as 'celsius >= 20' or 'name in (a, b)'.")
    column, op = _plain(found[1]), found[2] or re.sub(r"\s+", " ", found[3].lower())
    rest = found[4].strip()
    if op in _COMPARE:
        return [Condition(column, op, (_plain(rest),))]
    if op == "between":
        ends = _AND.split(rest)
        if len(ends) != 2:
            raise Invalid(f"{shown(text)}: write 'between a and b'.")
        return [Condition(column, sign, (_plain(end),)) for sign, end in zip((">=", "<="), ends, strict=True)]
    if op == "in":
        return [Condition(column, "in", tuple(_items(rest)))]
    if rest.lower() != "null":
        raise Invalid(f"{shown(text)}: write 'is null' or 'is not null'.")
    return [Condition(column, op, ())]


class Test:
    """A condition on a column whose type is known."""

    def __init__(self, condition: Condition, kind: pa.DataType) -> None:
        self.condition = condition
        if pa.types.is_nested(kind) or pa.types.is_binary(kind):
            raise Invalid(f"Column {shown(condition.column)} of {kind} cannot be compared.")
        self._kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        op, values = condition.op, [_value(condition.column, text, self._kind) for text in condition.values]
        if _is_whole(self._kind):
            op, values = _whole(op, values, self._kind)
        if pa.types.is_float16(self._kind):  # which Arrow does not compare
            self._kind, values = pa.float32(), [_halved(value) for value in values]
        self.op, self._values = op, values

    def __call__(self, array: pa.Array) -> pa.Array:
        """Tell for each value whether it fulfils the condition."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_float16(array.type):
            array = array.cast(self._kind)
        if self.op in ("is", "is not"):
            null = pc.is_null(array, nan_is_null=pa.types.is_floating(array.type))
            return null if self.op == "is" else pc.invert(null)
        if self.op in ("all", "none"):
            return pc.and_(pc.is_valid(array), pa.scalar(self.op == "all"))
        if self.op == "in":
            return pc.is_in(array, pa.array(self._values, self._kind))
        there = _COMPARE[self.op](array, pa.scalar(self._values[0], self._kind))
        if self.op == "!=" and pa.types.is_floating(array.type):
            there = pc.and_(there, pc.invert(pc.is_nan(array)))
        return pc.fill_null(there, False)

    def may_be(self, low: Any, high: Any) -> Any:
        """Tell where values between `low` and `high`, raw values or arrays of them, may fulfil it."""
        values = [self._raw(value) for value in self._values]
        if self.op == "=":
            return (low <= values[0]) & (high >= values[0])
        if self.op == "in":
            some: Any = [(low <= value) & (high >= value) for value in values]
            return reduce(np.logical_or, some, np.zeros(np.shape(low), bool))
        if self.op in ("<", "<="):
            return low < values[0] if self.op == "<" else low <= values[0]
        if self.op in (">", ">="):
            return high > values[0] if self.op == ">" else high >= values[0]
        return np.full(np.shape(low), self.op != "none")

    def _raw(self, value: Any) -> Any:
        if pa.types.is_temporal(self._kind):
            return pa.scalar(value, self._kind).value
        return value


def merge(ranges: list[Rows], length: int) -> Rows:
    """Return the ranges of rows, shape (n, 2), that are in all of some lists of ranges, each in order."""
    steps = [np.array([[0, length]], np.int64), *ranges]
    edges = np.unique(np.concatenate([ranges.reshape(-1) for ranges in steps]))
    inside = np.ones(max(len(edges) - 1, 0), bool)
    for one in steps:
        at = np.searchsorted(one[:, 0], edges[:-1], "right") - 1
        inside &= (at >= 0) & (one[np.maximum(at, 0), 1] > edges[:-1]) if len(one) else False
    return joined(np.stack([edges[:-1], edges[1:]], 1)[inside])


def joined(ranges: Rows) -> Rows:
    """Return ranges of rows with those made one that touch each other."""
    new = np.ones(len(ranges), bool)
    new[1:] = ranges[1:, 0] != ranges[:-1, 1]
    last = np.append(new[1:], True)[: len(ranges)]
    return np.stack([ranges[new, 0], ranges[last, 1]], 1)


def _plain(text: str) -> str:
    text = text.strip()
    for quote in "\"'":
        if len(text) >= 2 and text[0] == text[-1] == quote:
            return text[1:-1].replace(quote * 2, quote)
    return text


def _items(text: str) -> list[str]:
    if not (text.startswith("(") and text.endswith(")")):
        raise Invalid("Write what 'in' looks for in parentheses: in (a, b).")
    items: list[str] = []
    inner, at = text[1:-1], 0
    while at < len(inner):
        found = _ITEM.match(inner, at)
        if found is None or len(items) >= MAX_VALUES:
            raise Invalid(f"'in' takes up to {MAX_VALUES} values with commas between them.")
        single, double, bare = found.groups()
        items.append(
            bare
            if bare is not None
            else (single or "").replace("''", "'") + (double or "").replace('""', '"')
        )
        at = found.end()
    return items


def _value(column: str, text: str, kind: pa.DataType) -> Any:
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return text
        if pa.types.is_boolean(kind):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if pa.types.is_integer(kind):
            return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)
        if pa.types.is_floating(kind):
            return float(text)
        if pa.types.is_timestamp(kind) and not _NUMBER_OF_UNITS.fullmatch(text):
            return in_units(np.datetime64(text.removesuffix("Z")), kind.unit)
        if pa.types.is_duration(kind) or (pa.types.is_temporal(kind) and _NUMBER_OF_UNITS.fullmatch(text)):
            return int(text) if _is_whole(kind) else pa.scalar(int(text), kind).as_py()
        return pa.scalar(text).cast(kind).as_py()
    except (KeyError, ValueError, OverflowError, pa.ArrowException):
        raise Invalid(f"{shown(text)} cannot be compared with column {shown(column)} of {kind}.") from None


def _halved(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float16(value))


def _is_whole(kind: pa.DataType) -> bool:
    """Tell whether values are compared as whole numbers: of units, where they are times."""
    is_time = pa.types.is_timestamp(kind) or pa.types.is_duration(kind)
    return bool(is_time or pa.types.is_integer(kind))


def _whole(op: str, values: list[Any], kind: pa.DataType) -> tuple[str, list[Any]]:
    """Return a comparison with whole numbers that the type can hold, and that is true of the same numbers.

    The values may be any numbers: also times between two of the column's units, or outside of its years.
    """
    if op in ("is", "is not"):
        return op, values
    bits, signed = kind.bit_width, not pa.types.is_unsigned_integer(kind)
    least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise Invalid("Whole numbers are compared with finite ones.")
    fitting = [int(value) for value in values if value == int(value) and least <= value <= most]
    if op == "in":
        return op, fitting
    if op in ("=", "!="):
        return (op, fitting) if fitting else ("none" if op == "=" else "all", [])
    value = values[0]
    if op in ("<", "<="):
        bound = math.ceil(value) - 1 if op == "<" else math.floor(value)
        return ("none", []) if bound < least else ("<=", [min(bound, most)])
    bound = math.floor(value) + 1 if op == ">" else math.ceil(value)
    return ("none", []) if bound > most else (">=", [max(bound, least)])
