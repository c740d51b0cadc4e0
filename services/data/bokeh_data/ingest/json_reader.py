"""JSON files: one object for each row (JSON lines, or a list), or what the output format `json` writes."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_data.columns.arrow_types import parse_type
from bokeh_data.columns.dtypes import is_arrow
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.values import NUMBERS, to_arrow

_INT64 = (-(1 << 63), (1 << 63) - 1)


def read_json(path: str) -> pa.Table:
    """Read a file; all of it is held in memory.

    Raises:
        Invalid: it has none of these forms; for lines, the message has the number of the row.
    """
    text = Path(path).read_bytes().decode("utf-8-sig")
    start = text.lstrip()[:1]
    if not start:
        raise Invalid("It is empty: without rows, JSON has no columns.")
    if start == "[":
        return _from_records(_parse(text))
    first = text.lstrip().partition("\n")[0]
    document = _parse(text) if not _is_object(first) else _parse(first)
    if isinstance(document, dict) and isinstance(document.get("columns"), dict) and "kind" in document:
        return _from_columns(document)
    lines = ((row, line) for row, line in enumerate(text.split("\n"), 1) if line.strip())
    return _from_records([_parse_line(line, row) for row, line in lines])


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_to_object)
    except ValueError as error:
        raise Invalid(f"It is neither a JSON document nor JSON lines: {error}.") from None


def _to_object(pairs: list[tuple[str, Any]]) -> Any:
    """Return an object, none of whose names may occur twice; decode numbers in Bokeh's encoding."""
    item = dict(pairs)
    if len(item) < len(pairs):
        [(twice, _), *_] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"an object has the name {twice[:80]!r} twice")
    is_number = item.keys() == {"type", "value"} and item["type"] == "number"
    return NUMBERS[item["value"]] if is_number and item["value"] in NUMBERS else item


def _parse_line(line: str, row: int) -> Any:
    try:
        return json.loads(line, object_pairs_hook=_to_object)
    except ValueError as error:
        raise Invalid(f"Row {row} is not JSON: {error}.", row=row) from None


def _from_records(records: Any) -> pa.Table:
    """Return rows as columns, in the order in which their names occur; what a row lacks is missing."""
    for row, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise Invalid(f"Row {row} is not an object with a value for each column.", row=row)
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: _to_array(name, [record.get(name) for record in records]) for name in names})


def _to_array(name: str, values: list[Any]) -> pa.Array:
    try:
        return _integers(values) if _has_large_integers(values) else pa.array(values)
    except (pa.ArrowException, OverflowError):
        row, value = _find_odd(values)
        raise Invalid(
            f"Row {row}, column {name!r}: {str(value)[:80]!r} has another type than the values before it.",
            row=row,
            column=name,
        ) from None


def _has_large_integers(values: list[Any]) -> bool:
    """Tell whether all values are integers or null, and some do not fit int64."""
    is_integer = all(value is None or type(value) is int for value in values)
    return is_integer and any(value is not None and not _INT64[0] <= value <= _INT64[1] for value in values)


def _integers(values: list[Any]) -> pa.Array:
    """Return integers as uint64, or as text if they do not fit, either, as in CSV."""
    if all(value is None or 0 <= value < 1 << 64 for value in values):
        return pa.array(values, pa.uint64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _find_odd(values: list[Any]) -> tuple[int, Any]:
    """Return the first value, and its row, up to which the values cannot be one array; by bisection."""
    start, stop = 0, len(values)
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            pa.array(values[:middle])
            start = middle
        except (pa.ArrowException, OverflowError):
            stop = middle
    return stop, values[stop - 1]


def _from_columns(document: Mapping[str, Any]) -> pa.Table:
    """Return the columns of the output format `json`, with the types that it names."""
    types = document.get("types") or {}
    columns = {}
    for name, values in document["columns"].items():
        dtype = str(types.get(name, "arrow[]"))
        is_known = not is_arrow(dtype) or parse_type(dtype[6:-1]) is not None
        spec = {"values": values, "dtype": dtype} if is_known else values
        columns[name] = to_arrow(from_json(name, spec, []))
    return pa.table(columns)
