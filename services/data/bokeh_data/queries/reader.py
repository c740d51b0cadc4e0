"""Reading data sources: queries and windows by the names of their columns."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.drawn_times import bound_in_milliseconds, from_milliseconds
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.names import abbreviate
from bokeh_data.queries.query import Query, QueryResult, run_query
from bokeh_data.sources.source import Source
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.cache import Cache
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.viewport import Window, WindowResult, query_window

#: About what a parsed manifest takes for each chunk.
MANIFEST_BYTES_PER_CHUNK = 400

#: The size of the cache of parsed manifests, as a fraction of the cache of chunks and pyramids: a quarter.
MANIFEST_CACHE_DIVISOR = 4


class SourceReader:
    """Answers queries and requests for windows, for one account at a time.

    Args:
        repository: where columns are stored.
        columns: the columns of accounts.
        limit: bytes of memory for the cache.
    """

    def __init__(self, repository: DataRepository, columns: AccountColumns, limit: int) -> None:
        self._columns = columns
        self._readers = ColumnReaders(repository, limit)
        self._manifests = Cache(limit // MANIFEST_CACHE_DIVISOR)

    def window(self, user: str, source: Source, window: Window) -> QueryResult:
        """Return the rows of a window of a source.

        Raises:
            Invalid: see `query_window`; or the source lacks a column.
        """
        names = [name for name in (window.x, *window.y) if name is not None]
        columns = self.columns(user, source, names)
        drawn = None if window.x is None else columns[window.x].drawn
        if drawn is not None:
            begin, end = (bound_in_milliseconds(bound, drawn) for bound in (window.begin, window.end))
            window = replace(window, begin=begin, end=end)
        return self.window_of(columns, window)

    def window_of(self, columns: dict[str, Column], window: Window) -> QueryResult:
        """Return the rows of a window of columns, given by the names that the window has for them.

        Raises:
            Invalid: see `query_window`.
        """
        return _to_query_result(query_window(self._readers, columns, window), columns)

    def query(self, user: str, source: Source, query: Query) -> QueryResult:
        """Return the rows of a query of a source.

        Raises:
            Invalid: see `run_query`; or the source lacks a column.
        """
        return run_query(self._readers, self.columns(user, source, query.used), query)

    def columns(self, user: str, source: Source, names: Iterable[str]) -> dict[str, Column]:
        """Return columns of a source by name.

        Raises:
            Invalid: the source lacks a column.
        """
        names = list(dict.fromkeys(names))
        if unknown := [name for name in names if name not in source.columns]:
            known = ", ".join(map(repr, list(source.columns)[:20])) or "none"
            missing = ", ".join(map(abbreviate, unknown))
            raise Invalid(f"This source has no column {missing}; its columns are: {known}.")
        return {name: self._column_of(user, source.columns[name]) for name in names}

    def _column_of(self, user: str, summary: dict[str, Any]) -> Column:
        column = self._column(user, summary["hash"])
        return column if "type" not in summary else replace(column, drawn=summary["type"])

    def _column(self, user: str, column: str) -> Column:
        def read() -> Column:
            [found] = self._columns.get(user, [column])
            return found

        found: Column = self._manifests.get_or_create(
            (user, column), read, lambda manifest: MANIFEST_BYTES_PER_CHUNK * len(manifest.chunks)
        )
        return found


def _to_query_result(window: WindowResult, columns: dict[str, Column]) -> QueryResult:
    rows = {
        name: from_milliseconds(values, columns[name].drawn) if name in columns else values
        for name, values in window.columns.items()
    }
    prototype = {name: values[:0] for name, values in rows.items()}
    return QueryResult(prototype, iter([rows]), window.rows, window.kind)
