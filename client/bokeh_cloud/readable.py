"""Reading a data source: rows, windows, frames and tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import requests

from .errors import CloudError
from .reading import (
    End,
    Parameters,
    RowRange,
    Rows,
    Where,
    end_of,
    form_for,
    rows_in,
    rows_parameters,
    slice_of,
    window_parameters,
)
from .resource import Resource
from .stored import StoredColumn


class Readable:
    """What reads the stored columns of a `RemoteDataSource`."""

    _resource: Resource
    column_names: list[str]

    def columns(self) -> dict[str, StoredColumn]:
        """Return the stored columns by name."""
        raise NotImplementedError  # abstract: Bokeh's metaclass leaves no place for that of `ABC`

    def rows(
        self, *columns: str, rows: RowRange | None = None, where: Where = (), limit: int | None = None
    ) -> Rows:
        """Read rows of this version as arrays, `src.rows("t", "y", rows="0:1000", where="y >= 2", limit=10)`.

        Args:
            columns: names; all without.
            rows: a slice, a range, or text such as "0:1000" or "::10"; negative ones count from the end.
            where: a condition such as "y >= 2", "name in (a, b)", "y between 1 and 2", "y is not null"; or
                several, of which rows fulfil all.
            limit: the most rows that are wanted.

        Raises:
            Rejected: a condition makes no sense, or it is more than 64 MiB: `to_arrow` reads that.
            CloudError: there is no such column; or see `Connection.request`.
        """
        found = self._stored(columns or None)
        if _has_packed(found) and not where:
            picked = slice_of(rows or ":")
            return Rows({name: column.values[picked][:limit] for name, column in found.items()}, "rows")
        asked = rows_parameters(columns, rows, where, limit, _length(found))
        return rows_in(self._resource.rows(form_for(found.values()), asked), found)

    def window(
        self, *y: str, x: str | None = None, start: End | None = None, end: End | None = None,
        pixels: int = 1000, method: str = "minmax", around: bool = False,
    ) -> Rows:  # fmt: skip
        """Read what a plot so many pixels wide can show of columns, however long they are.

        Args:
            y: names of columns.
            x: the column, ascending, along which; without it the number of the row, as column `row`.
            start: the least x, a number or a time; that of the first row without.
            end: the greatest x.
            pixels: how wide, up to 16384.
            method: "minmax": least and greatest of each column of pixels, exactly; "m4": these, and its first
                and last row; "minmaxlttb": as many rows as pixels, chosen by their looks.
            around: with the row before the window, and the one after it.

        Returns:
            Arrays by name; their `kind` says whether they are "exact", "reduced" or "sampled".

        Raises:
            Rejected: the columns are not numbers or times; or see `rows`.
        """
        found = self._stored([*y, *([] if x is None else [x])])
        along = None if x is None else found[x]
        ends = end_of(start, along), end_of(end, along)
        asked = window_parameters(y, x, *ends, pixels, method, around)
        return rows_in(self._resource.rows(form_for(found.values()), asked), found)

    def to_pandas(
        self, columns: Iterable[str] | None = None, *, rows: RowRange | None = None, where: Where = (),
        limit: int | None = None,
    ) -> Any:  # fmt: skip
        """Return the columns, or some of them, or some rows, as a frame of pandas; see `rows`."""
        from .frames import to_pandas

        wanted = self._stored(columns)
        if rows is None and not where and limit is None:
            return to_pandas(wanted)
        return to_pandas(wanted, self.rows(*wanted, rows=rows, where=where, limit=limit))

    def to_arrow(
        self, columns: Iterable[str] | None = None, *, rows: RowRange | None = None, where: Where = (),
        limit: int | None = None,
    ) -> Any:  # fmt: skip
        """Return the columns, or some of them, or some rows, as a table of pyarrow; see `rows`.

        They come as an Arrow stream, of which there may be any amount.

        Raises:
            CloudError: there is no such column, pyarrow is missing, or see `Connection.request`.
        """
        from .frames import table_in, to_arrow

        wanted = self._stored(columns)
        if not wanted or (_has_packed(wanted) and not where):
            table = to_arrow(wanted)
            return table.take(list(range(len(table))[slice_of(rows or ":")][:limit]))
        asked = rows_parameters(wanted, rows, where, limit, _length(wanted))
        return table_in(self.answer("arrow", asked))

    def answer(self, form: str, asked: Parameters) -> requests.Response:
        """Ask the server for rows or a window of this version, and let the caller read its answer.

        Args:
            form: "json", "packed", "arrow", "parquet" or "csv".
            asked: parameters as of `reading`.
        """
        return self._resource.rows(form, asked, stream=True)

    def by_rows(self, columns: Iterable[str] | None = None) -> bool:
        """Tell whether the server reads rows of all these columns; none of those that are packed."""
        return not _has_packed(self._stored(columns))

    def _stored(self, names: Iterable[str] | None) -> dict[str, StoredColumn]:
        """Return stored columns by name, all without names."""
        found = self.columns()
        for name in self.column_names if names is None else names:
            if name not in found:
                raise CloudError(self._absent(name))
        return {name: found[name] for name in (found if names is None else dict.fromkeys(names))}

    def _absent(self, name: str) -> str:
        if name in self.column_names:
            return f"The column {name!r} was not sent: commit() it before it is read."
        return f"There is no column {name!r}; there are {', '.join(self.column_names) or 'none'}."


def _length(columns: Mapping[str, StoredColumn]) -> int:
    return max((column.length for column in columns.values()), default=0)


def _has_packed(columns: Mapping[str, StoredColumn]) -> bool:
    """Tell whether some are packed, as texts of published figures are, which the server reads as a whole."""
    return any(column.dtype == "packed" for column in columns.values())
