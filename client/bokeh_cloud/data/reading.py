"""The reading half of `RemoteDataSource`: rows, windows, data frames and tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import requests

from bokeh_cloud.columns.arrow_values import is_read_as_arrow
from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.data.column_names import find_name, quote_name
from bokeh_cloud.data.row_requests import (
    Bound,
    Parameters,
    RowArrays,
    RowRange,
    Where,
    exact_format,
    format_bound,
    parse_row_range,
    read_rows,
    rows_parameters,
    window_parameters,
)
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.errors import CloudError

#: The largest column of strings or lists of a published figure of which the server reads rows; see
#: `services/data/bokeh_data/queries/packed_values.py`.
MAX_PACKED_BYTES = 16 << 20


class ReadingMixin:
    """Methods of `RemoteDataSource` that read stored columns."""

    _source_client: SourceClient
    column_names: list[str]

    def columns(self) -> dict[str, StoredColumn]:
        """Return the stored columns by name."""
        raise NotImplementedError  # not an ABC, whose metaclass conflicts with Bokeh's

    def rows(
        self, *columns: str, rows: RowRange | None = None, where: Where = (), limit: int | None = None
    ) -> RowArrays:
        """Read rows of this version as arrays: `src.rows("t", "y", rows="0:1000", where="y >= 2", limit=10)`.

        Args:
            columns: names; none for all columns.
            rows: a slice, a range, or a string such as "0:1000" or "::10"; negative ones count from the end.
            where: a condition such as "y >= 2", "name in (a, b)", "y between 1 and 2", "y is not null",
                "name like 'a%'", with `and`, `or`, `not` and parentheses as in SQL; or several conditions,
                all of which must be true. Values with commas or operators must be in single quotes, such
                names in double quotes. Times are those of the column's time zone.
            limit: maximum number of rows.

        Raises:
            Rejected: a condition is invalid, or the rows have more than 64 MiB; use `to_arrow` for those.
            CloudError: there is no such column; or see `Connection.request`.
        """
        selected = self._select(columns or None)
        if any(column.is_packed for column in selected.values()) and not where:
            row_slice = parse_row_range(rows or ":")
            values = {name: column.values[row_slice][:limit] for name, column in selected.items()}
            return RowArrays(values, "rows")
        parameters = rows_parameters((), rows, where, limit, count_rows(selected, rows))
        return self._read_rows(selected, columns, parameters)

    def _read_rows(
        self, selected: Mapping[str, StoredColumn], columns: Iterable[str], parameters: Parameters
    ) -> RowArrays:
        """Read rows of columns; those whose values JSON does not have as Arrow, in a request of their own."""
        typed = [name for name, column in selected.items() if is_read_as_arrow(column.dtype)]
        rest = {name: column for name, column in selected.items() if name not in typed}
        found = self._source_client.arrow_values(typed, parameters) if typed else {}
        if rest or not typed:
            names = [("columns", quote_name(name)) for name in rest] if columns or typed else []
            response = self._source_client.rows(exact_format(rest.values()), [*names, *parameters])
            found |= read_rows(response, rest)
        return RowArrays({name: found[name] for name in selected}, "rows")

    def window(
        self, *y: str, x: str | None = None, start: Bound | None = None, end: Bound | None = None,
        pixels: int = 1000, method: str = "minmax", around: bool = False,
    ) -> RowArrays:  # fmt: skip
        """Read a window: what a plot of some width can show of columns, however long they are.

        Args:
            y: names of columns.
            x: name of an ascending column; None for the row number, which is returned as column `row`.
            start: lower bound of x, a number or a time; None for the first row.
            end: upper bound of x; None for the last row.
            pixels: width of the plot, at most 16384.
            method: "minmax" for the exact minimum and maximum of each pixel bin; "m4" for these and its first
                and last row; "minmaxlttb" for as many rows as pixels, chosen by their shape.
            around: include the row before the window and the row after it.

        Returns:
            Arrays by name; their `kind` is "exact", "reduced" or "sampled".

        Raises:
            Rejected: the columns are not numbers or times; or see `rows`.
        """
        y_columns, x_columns = self._select(y), self._select([] if x is None else [x])
        x_name, x_column = next(iter(x_columns.items()), (None, None))
        bounds = format_bound(start, x_column), format_bound(end, x_column)
        parameters = window_parameters(y_columns, x_name, *bounds, pixels, method, around)
        selected = y_columns | x_columns
        return read_rows(self._source_client.rows(exact_format(selected.values()), parameters), selected)

    def to_pandas(
        self, columns: Iterable[str] | None = None, *, rows: RowRange | None = None, where: Where = (),
        limit: int | None = None,
    ) -> Any:  # fmt: skip
        """Return all or some columns and rows as a pandas data frame; see `rows` for the arguments."""
        from bokeh_cloud.data.frames import to_pandas

        selected = self._select(columns)
        if rows is None and not where and limit is None:
            return to_pandas(selected)
        return to_pandas(selected, self.rows(*selected, rows=rows, where=where, limit=limit))

    def to_arrow(
        self, columns: Iterable[str] | None = None, *, rows: RowRange | None = None, where: Where = (),
        limit: int | None = None,
    ) -> Any:  # fmt: skip
        """Return all or some columns and rows as a pyarrow table; see `rows` for the arguments.

        They are requested as an Arrow stream, whose size is not limited.

        Raises:
            CloudError: there is no such column, or pyarrow is not installed; or see `Connection.request`.
        """
        from bokeh_cloud.data.frames import read_arrow_stream, to_arrow

        selected = self._select(columns)
        if not selected or (not self.is_read_by_rows(selected) and not where):
            table = to_arrow(selected)
            return table.take(list(range(len(table))[parse_row_range(rows or ":")][:limit]))
        parameters = rows_parameters(selected, rows, where, limit, count_rows(selected, rows))
        return read_arrow_stream(self.answer("arrow", parameters))

    def answer(self, form: str, parameters: Parameters) -> requests.Response:
        """Request rows or a window of this version, and return the response before its body is read.

        Args:
            form: the output format, such as "json", "packed", "arrow", "parquet" or "csv".
            parameters: as of `rows_parameters` or `window_parameters`.
        """
        return self._source_client.rows(form, parameters, stream=True)

    def is_read_by_rows(self, columns: Iterable[str] | None = None) -> bool:
        """Return whether the server can read single rows of these columns, if not asked with a condition."""
        found = self._select(columns).values()
        return not any(column.is_packed and column.nbytes > MAX_PACKED_BYTES for column in found)

    def _select(self, names: Iterable[str] | None) -> dict[str, StoredColumn]:
        """Return stored columns by name; None for all."""
        found = self.columns()
        asked = list(self.column_names if names is None else names)
        stored = [find_name(name, found) for name in asked]
        for name, known in zip(asked, stored, strict=True):
            if known is None:
                raise CloudError(self._explain_missing(name))
        return {name: found[name] for name in (found if names is None else stored) if name is not None}

    def _explain_missing(self, name: str) -> str:
        if name in self.column_names:
            return f"The column {name!r} is not stored yet: call commit() before reading it."
        return f"There is no column {name!r}; there are {', '.join(self.column_names) or 'none'}."


def count_rows(columns: Mapping[str, StoredColumn], rows: RowRange | None) -> int:
    """Return the number of rows of columns, which a range of rows may be relative to; 0 without one.

    Packed columns have to be read for it, if there are no others.
    """
    if rows is None:
        return 0
    unpacked = [column for column in columns.values() if not column.is_packed]
    return max((column.length for column in unpacked or columns.values()), default=0)
