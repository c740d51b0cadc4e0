"""The data sources of accounts: looked up, listed and pinned."""

from collections.abc import Iterator
from itertools import islice

from bokeh_common.errors import Invalid
from bokeh_data.sources.source import Source, is_source_id, no_such_source
from bokeh_data.storage.repository import DataRepository

RECORDS_AT_ONCE = 1000


class SourceCatalog:
    """Looks up data sources, for one account at a time."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository

    def get(self, user: str, source_id: str) -> Source:
        """Return the current version of a source.

        Raises:
            NotFound: it does not exist.
        """
        found = self._repository.find_source(user, source_id) if is_source_id(source_id) else None
        if found is None:
            raise no_such_source(source_id)
        return Source.from_record(found)

    def page(self, user: str, after: str, limit: int, name: str | None = None) -> list[Source]:
        """Return the sources whose ids are greater than `after`, in the order of their ids.

        Args:
            user: the account.
            after: the id of the last source of the page before; empty for the first page.
            limit: the maximum number of sources.
            name: only sources of this name, for which the records of the account are searched.
        """
        if name is None:
            return [Source.from_record(value) for value in self._repository.sources(user, after, limit)]
        named = (one for one in self._all(user, after) if one.name == name)
        return list(islice(named, limit))

    def _all(self, user: str, after: str) -> Iterator[Source]:
        while page := self.page(user, after, RECORDS_AT_ONCE):
            yield from page
            after = page[-1].id

    def pin(self, user: str, sources: list[str], columns: list[str]) -> None:
        """Touch sources and columns, for a plot that has announced references to them.

        A frozen source protects its columns; other columns are pinned one by one.

        Raises:
            Invalid: some do not exist (`missing-source`, `missing-columns`).
        """
        protected: set[str] = set()
        for source_id in sources:
            found = self._repository.pin_source(user, source_id)
            if found is None:
                detail = f"There is no data source {source_id!r}; commit it before the plot that uses it."
                raise Invalid(detail, slug="missing-source")
            if not found.get("live"):
                protected.update(column["hash"] for column in found["columns"].values())
        others = [column for column in columns if column not in protected]
        if missing := [column for column in others if not self._repository.pin_column(user, column)]:
            detail = "Some columns are no longer stored; publish the figure again."
            raise Invalid(detail, slug="missing-columns", missing=missing)
