"""The types of columns of text files: the type that all values of a column have without changing.

A value is a number only if the number is written in this way: `00501`, `+49` and integers that a float would
round are strings. `NA`, `NaN`, `null` and so on are missing in columns of numbers, times and booleans; in
columns of strings, only empty fields without quotes are missing.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from bokeh_data.columns.values import ARROW_UNITS

#: Values that are missing, unless the column holds strings.
MISSING = pa.array(["", "NA", "N/A", "#N/A", "NULL", "null", "None", "NaN", "nan", "NaT", "<NA>"])

_INTEGER = r"^(0|-?[1-9][0-9]*)$"
_FLOAT = r"^-?((0|[1-9][0-9]*)?\.[0-9]+|(0|[1-9][0-9]*)\.?)([eE][-+]?[0-9]+)?$|^-?[iI]nf(inity)?$"
_COMMA_FLOAT = r"^-?((0|[1-9][0-9]*)(,[0-9]+)?|,[0-9]+)([eE][-+]?[0-9]+)?$"
#: What shows that a comma is a decimal comma: otherwise `1,234` may be a thousand.
_DECIMAL_COMMA = r",([0-9]{1,2}|[0-9]{4,})$|^-?0?,|,[0-9]*[eE]"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:"
_LIKE_A_NUMBER = r"^[-+]?[0-9][0-9.,eE]*$"

#: An apostrophe before what a spreadsheet would take for a formula, as `queries.writers` adds it.
ESCAPED = r"^'('*[=+\-@\t\r\n＝＋－＠])"  # noqa: RUF001  # full-width signs

#: Zero; other numbers that a float would round to it are too small for one.
_ZERO = r"^-?[0.]+([eE]|$)"

#: Digits from the first one that is not 0 on: more of them than a float64 has, which is 17.
_ROUNDED = r"^-?[0.,]*[1-9]([.,]?[0-9]){17}"

MAX_EXAMPLE_LENGTH = 40

#: Integers with fewer digits are floats without rounding.
_EXACT_DIGITS = 15
MAX_DIGITS = 20  # longer ones are not written as integers again


@dataclass(frozen=True)
class TextType:
    """A type that strings may be converted to.

    Attributes:
        kind: the type.
        accepts: tells whether all of some values, none of which is missing, have the type.
        prepare: returns the values as Arrow can convert them.
    """

    kind: pa.DataType
    accepts: Callable[[pa.Array], bool]
    prepare: Callable[[pa.Array], pa.Array] = lambda values: values


def _all_match(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern), min_count=0).as_py())


def _matches_and_casts(pattern: str, kind: pa.DataType) -> Callable[[pa.Array], bool]:
    def accepts(values: pa.Array) -> bool:
        if _all_match(values, pattern):
            with suppress(pa.ArrowInvalid):
                values.cast(kind)
                return True
        return False

    return accepts


def _is_exact(values: pa.Array) -> bool:
    """Tell whether integers among floats are floats without rounding, and all numbers are in their range."""
    integers = values.filter(pc.match_substring_regex(values, _INTEGER))
    long = integers.filter(pc.greater(pc.utf8_length(integers), _EXACT_DIGITS)).to_pylist()
    if any(len(text) >= MAX_DIGITS or int(float(text)) != int(text) for text in long):
        return False
    floats = values.cast(pa.float64())
    is_infinite = pc.equal(pc.is_inf(floats), pc.match_substring(values, "nf"))
    is_zero = pc.equal(pc.equal(floats, 0.0), pc.match_substring_regex(values, _ZERO))
    return bool(pc.all(pc.and_(is_infinite, is_zero), min_count=0).as_py())


def _is_float(values: pa.Array) -> bool:
    return _all_match(values, _FLOAT) and _is_exact(values)


def _with_points(values: pa.Array) -> pa.Array:
    return pc.replace_substring(values, ",", ".")


def _is_comma_float(values: pa.Array) -> bool:
    return _all_match(values, _COMMA_FLOAT) and _is_exact(_with_points(values))


def _is_boolean(values: pa.Array) -> bool:
    return _all_match(values, "^(true|false|True|False|TRUE|FALSE)$")


FLOAT = TextType(pa.float64(), _is_float)
COMMA_FLOAT = TextType(pa.float64(), _is_comma_float, _with_points)
TEXT = TextType(pa.string(), lambda _: True)
NOTHING = TextType(pa.null(), lambda values: not len(values))

#: Types in the order in which they are tried.
TYPES = (
    TextType(pa.int64(), _matches_and_casts(_INTEGER, pa.int64())),
    TextType(pa.uint64(), _matches_and_casts(_INTEGER, pa.uint64())),
    FLOAT,
    COMMA_FLOAT,
    TextType(pa.bool_(), _is_boolean, pc.utf8_lower),
    TextType(pa.date32(), _matches_and_casts(_DATE, pa.date32())),
    *(
        TextType(pa.timestamp(unit, zone), _matches_and_casts(f"{_DATE}|{_TIME}", pa.timestamp(unit, zone)))
        for zone in (None, "UTC")
        for unit in ARROW_UNITS
    ),
)


@dataclass
class TypeInference:
    """Finds the type of a column.

    Attributes:
        is_text: whether the column holds strings, whatever they look like.
        takes_commas: whether numbers may have a decimal comma, as a comma does not separate columns.
    """

    is_text: bool
    takes_commas: bool
    _candidates: list[TextType] = field(default_factory=lambda: list(TYPES))
    _has_values: bool = False
    _has_decimal_comma: bool = False
    _has_apostrophes: bool = False
    _looks_like_numbers: bool = True
    _is_rounded: bool = False
    _example: str = ""

    def add(self, strings: pa.Array) -> None:
        """Drop candidates that do not accept these values; null stands for an empty field without quotes."""
        values = strings.filter(pc.invert(pc.is_in(strings, MISSING))).drop_null()
        if not len(values):
            return
        self._has_values = True
        self._has_decimal_comma |= _any_matches(values, _DECIMAL_COMMA)
        self._has_apostrophes |= _any_matches(values, ESCAPED)
        self._is_rounded |= _any_matches(values, _ROUNDED)
        self._looks_like_numbers = self._looks_like_numbers and _all_match(values, _LIKE_A_NUMBER)
        might_be_float = FLOAT in self._candidates
        self._candidates = [one for one in self._candidates if one.accepts(values)]
        if might_be_float and FLOAT not in self._candidates:
            self._example = _example_of(values)

    @property
    def type(self) -> TextType:
        """The type of all values so far."""
        if self.is_text:
            return TEXT
        if not self._has_values:
            return NOTHING
        found = self._candidates[0] if self._candidates else TEXT
        is_ambiguous = found is COMMA_FLOAT and not (self.takes_commas and self._has_decimal_comma)
        return TEXT if is_ambiguous else found

    def explain(self, name: str) -> str:
        """Return a note on the column; empty if there is nothing to say."""
        if self._is_rounded and self.type in (FLOAT, COMMA_FLOAT):
            return (
                f"Column {name!r} has more digits than a float64; give it the type text to keep all of them."
            )
        if self.type is COMMA_FLOAT:
            return f"Column {name!r} has decimal commas."
        if self.type is TEXT and self._has_apostrophes:
            return f"Column {name!r}: the apostrophes before formulas are removed."
        if self.type is not TEXT or not self._has_values or not self._looks_like_numbers:
            return ""
        if self.is_text:
            return f"Column {name!r} is text, since its values are in quotes."
        return f"Column {name!r} is text, since a number would not be written as {self._example!r}."


def convert(strings: pa.Array, target: TextType) -> pa.Array:
    """Return strings as a column of a type.

    Raises:
        pa.ArrowInvalid: a value does not have it.
    """
    if target.kind == pa.string():
        return pc.replace_substring_regex(strings, ESCAPED, r"\1")
    if target.kind == pa.null():
        return pa.nulls(len(strings))
    values = pc.if_else(pc.is_in(strings, MISSING), pa.scalar(None, pa.string()), strings)
    return target.prepare(values).cast(target.kind)


def _example_of(values: pa.Array) -> str:
    """Return the first value that is not written as a float is, or else the longest one."""
    odd = values.filter(pc.invert(pc.match_substring_regex(values, _FLOAT)))
    lengths = pc.utf8_length(values)
    found = odd if len(odd) else values.filter(pc.equal(lengths, pc.max(lengths)))
    return str(found[0].as_py())[:MAX_EXAMPLE_LENGTH]


def _any_matches(values: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())
