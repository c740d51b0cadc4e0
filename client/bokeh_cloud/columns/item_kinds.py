"""The kinds of Python objects that lists may contain."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from bokeh_cloud.errors import CloudError

NUMBERS = frozenset({"integer", "number", "decimal", "complex"})
TIMES = frozenset({"datetime", "date", "time", "duration"})

#: The kinds of Python's and NumPy's classes. A subclass stands before its base class.
_KINDS: Sequence[tuple[Any, str]] = (
    (bool, "truth"), (np.bool_, "truth"), (np.timedelta64, "duration"), (int, "integer"),
    (np.integer, "integer"), (float, "number"), (np.floating, "number"), (complex, "complex"),
    (np.complexfloating, "complex"), (Decimal, "decimal"), (str, "text"), (datetime, "datetime"),
    (np.datetime64, "datetime"), (date, "date"), (time, "time"), (timedelta, "duration"),
    ((list, tuple, np.ndarray, range), "list"),
)  # fmt: skip
_LISTS = ("Series", "Index", "Array", "ChunkedArray")


def kind_of(kind: Any) -> str:
    """Return the kind of a class; "missing" for those of missing values, "" if it cannot be stored."""
    return _kind_of(kind)


@cache
def _kind_of(kind: Any) -> str:
    if kind is type(None) or kind.__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return "missing"
    if kind.__name__ == "Period":
        return "datetime"
    if kind.__name__ in _LISTS:
        return "list"
    return next((found for base, found in _KINDS if issubclass(kind, base)), "")


def kinds_of(items: Iterable[Any]) -> set[str]:
    """Return the kinds of items, without "missing"; NaN is a number here."""
    return {kind_of(kind) for kind in {type(item) for item in items}} - {"missing"}


def is_missing(item: Any) -> bool:
    """Return whether an item is None, NaN, or NaT or NA of pandas or NumPy."""
    if isinstance(item, (float, np.floating)):
        return math.isnan(item)
    if isinstance(item, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(item))
    return kind_of(type(item)) == "missing"


def cannot_store(name: str, items: Iterable[Any]) -> CloudError:
    """Return the error for items whose kinds cannot be stored, or not together.

    Args:
        name: of the column.
        items: some of its values.
    """
    types = {type(item).__name__: kind_of(type(item)) for item in items if not is_missing(item)}
    unknown = [kind for kind, found in types.items() if not found]
    if unknown and {"bytes", "dict"}.issuperset(types):
        return CloudError(
            f"Column {name!r} holds {' and '.join(unknown)}, which have no type as Python's objects: pass "
            "pyarrow.array(values), or convert them to strings or to columns of their own."
        )
    if unknown:
        return CloudError(
            f"Column {name!r} holds {', '.join(unknown)}, which cannot be stored: convert it to numbers, "
            "times, strings, or lists of these."
        )
    return CloudError(
        f"Column {name!r} mixes {', '.join(types)}: convert all of its values to one of them, or to strings."
    )
