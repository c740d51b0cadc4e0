"""What files of text say, for the comparison with what was stored."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: Values that are missing in columns of numbers, times and booleans, and in empty fields.
MISSING = {"", "NA", "N/A", "#N/A", "NULL", "null", "None", "NaN", "nan", "NaT", "<NA>"}

#: An apostrophe before what a spreadsheet would take for a formula; it is removed.
ESCAPED = re.compile(r"^'('*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001 - spreadsheets take these for the ASCII signs


def columns_of_csv(path: Path) -> dict[str, list[str]]:
    """Return the fields of a file by column."""
    names, *rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    rows = [row or [""] for row in rows]
    return {ESCAPED.sub(r"\1", name): [row[i] for row in rows] for i, name in enumerate(names)}


def columns_of_lines(path: Path) -> dict[str, list[Any]]:
    """Return the values of a file of JSON lines by column."""
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    return {
        name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)
    }


def is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (bool(value != value))


def is_said_by(field: str, value: Any) -> bool:
    """Return whether a value is what a field of CSV says: a string as it is, or what is written so."""
    if is_missing(value):
        return field in MISSING
    if isinstance(value, str):
        return value in (field, ESCAPED.sub(r"\1", field))
    if isinstance(value, (bool, np.bool_)):
        return field.lower() == str(value).lower()
    if isinstance(value, (int, np.integer)):
        return field == str(value)
    if isinstance(value, float):
        return float(field) == value
    if isinstance(value, pd.Timestamp):
        return pd.Timestamp(np.datetime64(field.replace("Z", ""))) == value.tz_localize(None)
    return False


def is_json(item: Any, value: Any) -> bool:
    """Return whether a value is what a file of JSON has; integers that no column has are strings."""
    if item is None:
        return is_missing(value)
    if isinstance(item, dict):
        return all(is_json(item.get(name), value[name]) for name in value) and item.keys() <= value.keys()
    if isinstance(item, list):
        return len(item) == len(value) and all(map(is_json, item, value))
    return bool(value == item) or (isinstance(value, str) and isinstance(item, int) and value == str(item))
