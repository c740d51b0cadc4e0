"""Rows in the types that CSV has. Strings, and nothing else, are in quotes, as readers expect it."""

import json
import re
import secrets

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bokeh_data.arrow.durations import with_integer_durations
from bokeh_data.arrow.python_values import python_values
from bokeh_data.columns.arrow_types import is_bytes
from bokeh_data.columns.browser_encoding import to_plain_json

#: Strings that spreadsheets take for a formula begin with one of these characters (OWASP, CSV Injection).
#: Apostrophes before them are a part of it: a reader can then remove the first one.
#: The last four are full-width, which spreadsheets read as the first ones.
FORMULA_START = r"^'*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - spreadsheets take these for the ASCII signs

#: What makes quotes necessary around a name in CSV.
_SPECIAL = re.compile(r'[",;|\t\r\n]|^\s|\s$|^$')


class CsvTypes:
    """Converts rows of one response.

    Arrow's writer has all strings in quotes. Times are written as strings between marks that no value has;
    marks and quotes are then removed from what it has written.
    """

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._start, self._end = f'"{self._mark}'.encode(), f'{self._mark}"'.encode()

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Convert rows to types that the writer has."""
        names = pc.replace_substring_regex(
            pa.array(batch.schema.names, pa.string()), f"({FORMULA_START})", r"'\1"
        )
        columns = [self._to_csv_array(array) for array in batch.columns]
        if len(columns) > 1:  # a line of one column would be empty, and readers skip empty lines
            columns = [_with_empty_fields(array) for array in columns]
        return pa.record_batch(columns, names.to_pylist())

    def finish(self, block: bytes) -> bytes:
        """Return written rows without quotes around times."""
        return block.replace(self._start, b"").replace(self._end, b"")

    def _to_csv_array(self, array: pa.Array) -> pa.Array:
        kind = array.type
        if pa.types.is_dictionary(kind):
            return self._to_csv_array(array.dictionary_decode())
        if pa.types.is_float16(kind):
            return array.cast(pa.float32())
        if pa.types.is_duration(kind):
            return array.cast(pa.int64())
        if pa.types.is_timestamp(kind):
            return pc.binary_join_element_wise(self._mark, _to_iso_8601(array), self._mark, "")
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return pc.replace_substring_regex(array.cast(pa.string()), f"({FORMULA_START})", r"'\1")
        if is_bytes(kind):
            return pa.array([item if item is None else item.hex() for item in array.to_pylist()], pa.string())
        if pa.types.is_nested(kind):
            items = python_values(with_integer_durations(array))
            return pa.array(
                [item if item is None else json.dumps(to_plain_json(item)) for item in items], pa.string()
            )
        return array


def csv_header(names: list[str]) -> bytes:
    """Return the line of names. Only strings are in quotes, so names are if they have to be."""
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    fields = (long if _SPECIAL.search(name) else name for name, long in zip(names, quoted, strict=True))
    return (",".join(fields) + "\n").encode()


def _with_empty_fields(array: pa.Array) -> pa.Array:
    """Return numbers whose missing ones (NaN) are null, which CSV writes as empty fields."""
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)


def _to_iso_8601(array: pa.Array) -> pa.Array:
    kind = array.type
    times = array.cast(pa.int64()).to_numpy(zero_copy_only=False)
    if array.null_count:
        times = np.where(
            np.asarray(array.is_null()), np.iinfo(np.int64).min, array.fill_null(0).cast(pa.int64())
        )
    strings = np.datetime_as_string(times.astype(np.int64).view(f"M8[{kind.unit}]"))
    suffix = "Z" if kind.tz else ""
    return pa.array([None if text == "NaT" else text + suffix for text in strings.tolist()], pa.string())
