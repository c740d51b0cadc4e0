"""Lists of Python objects, as Bokeh's `ColumnDataSource` takes them: as arrays, or as lists for JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bokeh_cloud.columns.item_kinds import NUMBERS, cannot_store, is_missing, kinds_of
from bokeh_cloud.columns.nested_lists import read_lists, to_json
from bokeh_cloud.columns.plain_values import PlainValues
from bokeh_cloud.columns.python_numbers import read_numbers, read_truths
from bokeh_cloud.columns.python_times import read_dates, read_datetimes, read_durations, read_times_of_day
from bokeh_cloud.errors import CloudError

#: Kinds that one list may contain together.
MIXED = frozenset({"truth", "integer", "number", "decimal", "text", "list"})


def list_values(name: str, items: Sequence[Any]) -> PlainValues:
    """Return a list as an array of numbers, booleans or times, or as a list whose items JSON has.

    Args:
        name: of the column, for messages.
        items: may be missing: None, NaN, or NaT and NA of pandas.

    Raises:
        CloudError: an item cannot be stored, or numbers would be rounded.
    """
    items, kinds = _without_nan_in_text(items, kinds_of(items))
    if not kinds:
        return _only_missing(items)
    if kinds <= NUMBERS:
        return read_numbers(name, items, kinds)
    reader = _READERS.get(frozenset(kinds))
    if reader is not None:
        return reader(name, items)
    if kinds <= MIXED:
        return PlainValues([to_json(name, item) for item in items], is_mixed=True)
    raise cannot_store(name, items)


def _without_nan_in_text(items: Sequence[Any], kinds: set[str]) -> tuple[Sequence[Any], set[str]]:
    """Replace NaN by None among values that are not numbers, as pandas has it among strings."""
    if "number" not in kinds or kinds <= NUMBERS:
        return items, kinds
    items = [None if is_missing(item) else item for item in items]
    return items, kinds_of(items)


def _only_missing(items: Sequence[Any]) -> PlainValues:
    if any(type(item).__name__ == "NaTType" for item in items):
        return PlainValues(np.full(len(items), "NaT", "M8[us]"))
    return PlainValues([None] * len(items))


def _read_text(name: str, items: Sequence[Any]) -> PlainValues:
    strings = [None if is_missing(item) else str(item) for item in items]
    try:
        "".join(item for item in strings if item).encode()
    except UnicodeEncodeError as error:
        raise CloudError(
            f"Column {name!r} has a string that is not valid Unicode ({error.reason}): repair it with "
            "encode(errors='replace').decode()."
        ) from None
    return PlainValues(strings, arrow_type="string")


_READERS: Mapping[frozenset[str], Callable[[str, Sequence[Any]], PlainValues]] = {
    frozenset({"truth"}): read_truths,
    frozenset({"text"}): _read_text,
    frozenset({"list"}): read_lists,
    frozenset({"datetime"}): read_datetimes,
    frozenset({"datetime", "date"}): read_datetimes,
    frozenset({"date"}): read_dates,
    frozenset({"time"}): read_times_of_day,
    frozenset({"duration"}): read_durations,
}
