"""Reading data sources: which columns a request means, and what it gets of them."""

from collections.abc import Iterable

from bokeh_common.errors import Invalid
from bokeh_data.columns import Column, shown
from bokeh_data.hot import Hot
from bokeh_data.opened import Opener
from bokeh_data.queries import Query, Result, run
from bokeh_data.records import Records
from bokeh_data.sources import Source, Sources
from bokeh_data.windows import Seen, Window, look

#: What a parsed manifest takes for each chunk, about.
CHUNK_BYTES = 400
MANIFESTS = 4  # the share of the cache for parsed manifests: a fourth


class Reads:
    """Answers windows and queries, for one account at a time.

    Args:
        records: where the columns are.
        sources: who knows which there are.
        limit: bytes of memory for what is kept at hand.
    """

    def __init__(self, records: Records, sources: Sources, limit: int) -> None:
        self._sources = sources
        self._opener = Opener(records, limit)
        self._manifests = Hot(limit // MANIFESTS)

    def window(self, user: str, source: Source, window: Window) -> Result:
        """Return what a window shows; raises as `windows.look`, and `Invalid` for unknown columns."""
        names = [name for name in (window.x, *window.y) if name is not None]
        return self.window_of(self.columns(user, source, names), window)

    def window_of(self, columns: dict[str, Column], window: Window) -> Result:
        """Return what a window shows of columns, by the names that it has for them; raises as `look`."""
        return _result(look(self._opener, columns, window))

    def query(self, user: str, source: Source, query: Query) -> Result:
        """Return the rows that a query asks for; raises as `queries.run`, and as `window`."""
        return run(self._opener, self.columns(user, source, query.used), query)

    def columns(self, user: str, source: Source, names: Iterable[str]) -> dict[str, Column]:
        """Return columns of a source by name."""
        wanted = list(dict.fromkeys(names))
        if unknown := [name for name in wanted if name not in source.columns]:
            there = ", ".join(map(repr, list(source.columns)[:20])) or "none"
            raise Invalid(
                f"There is no column {', '.join(map(shown, unknown))} in this source; there are {there}."
            )
        return {name: self._column(user, source.hashes[name]) for name in wanted}

    def _column(self, user: str, column: str) -> Column:
        def read() -> Column:
            [found] = self._sources.columns(user, [column])
            return found

        found: Column = self._manifests.of((user, column), read, lambda made: CHUNK_BYTES * len(made.chunks))
        return found


def _result(seen: Seen) -> Result:
    like = {name: values[:0] for name, values in seen.columns.items()}
    return Result(like, iter([seen.columns]), seen.rows, seen.kind)
