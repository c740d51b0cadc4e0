"""Excel workbooks: the first sheet, whose first row has the names of the columns."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineWorkbook

from bokeh_common.errors import Invalid


def read_xlsx(path: str) -> tuple[pa.Table, list[str]]:
    """Read a workbook; return its first sheet, and notes. Cells keep their types; empty ones are missing.

    Raises:
        Invalid: the sheet is empty.
    """
    with Path(path).open("rb") as file:
        workbook = CalamineWorkbook.from_filelike(file)
        sheets = workbook.sheet_names
        rows = workbook.get_sheet_by_index(0).to_python()
    if not rows:
        raise Invalid(f"The first sheet, {sheets[0]!r}, is empty.")
    names = [_to_string(value) for value in rows[0]]
    columns = [_to_array([row[i] for row in rows[1:]]) for i in range(len(names))]
    note = [f"Only the first of {len(sheets)} sheets, {sheets[0]!r}, is read."] if len(sheets) > 1 else []
    return pa.Table.from_arrays(columns, names), note


def _to_array(cells: list[Any]) -> pa.Array:
    """Return cells as integers, floats, booleans, times or dates; as strings if their types differ."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float}:
        are_integers = all(value is None or _is_integer(value) for value in values)
        return pa.array(values, pa.int64() if are_integers else pa.float64())
    if kinds == {date, datetime}:
        values = [datetime.combine(value, time()) if type(value) is date else value for value in values]
    elif len(kinds) > 1 or kinds == {time}:
        values = [None if value is None else _to_string(value) for value in values]
    return pa.array(values)


def _is_integer(value: float) -> bool:
    return abs(value) < 1 << 53 and value == int(value)


def _to_string(value: Any) -> str:
    if isinstance(value, float) and _is_integer(value):
        return str(int(value))
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
