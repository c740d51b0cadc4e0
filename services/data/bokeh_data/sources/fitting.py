"""Rows that fit the columns of a source, to which they are appended."""

from typing import Any

from bokeh_common.errors import Invalid
from bokeh_data.columns.casting import NULL, cast_to, may_adopt
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.values import Values
from bokeh_data.sources.drafts import Buffers


def fit_rows(name: str, rows: Any, buffers: Buffers, prototype: Values, length: int) -> Values:
    """Return the rows of a column in its dtype; a column without values may get that of its first rows.

    Args:
        name: of the column.
        rows: that a client sends, see `from_json`, or `Values`.
        buffers: of a packed body, to which rows refer.
        prototype: rows (possibly none) of the column.
        length: number of rows of the column.

    Raises:
        Invalid: the rows do not fit.
    """
    try:
        return _parse(name, rows, buffers, prototype)
    except Invalid:
        if length and prototype.dtype != NULL:
            raise
        values = _parse(name, rows, buffers, None)
        if not may_adopt(prototype, values):
            raise
        return values


def _parse(name: str, rows: Any, buffers: Buffers, prototype: Values | None) -> Values:
    if not isinstance(rows, Values):
        return from_json(name, rows, buffers, prototype)
    try:
        return cast_to(rows, prototype)
    except Invalid as error:
        raise Invalid(f"Column {abbreviate(name)}: {error}") from None
