"""Columns that go from one account to another, when a plot is copied: manifests are copied, chunks stay."""

from collections.abc import Mapping

from bokeh_common.errors import NotFound
from bokeh_data.columns import Column
from bokeh_data.records import Records
from bokeh_data.sources import Source, Sources


class Handover:
    """Hands over what the plots service says may be handed over: it knows who may read a plot."""

    def __init__(self, records: Records, sources: Sources) -> None:
        self._records = records
        self._sources = sources

    def take(self, owner: str, user: str, name: str, columns: Mapping[str, str]) -> Source:
        """Give an account a frozen data source of columns (hashes by name) of another account.

        Raises:
            NotFound: a column is not there.
            Invalid: one of its chunks went away meanwhile.
        """
        found = {key: self._records.find_column(owner, column) for key, column in columns.items()}
        if missing := sorted(columns[key] for key, column in found.items() if column is None):
            raise NotFound("Some columns of the plot are not there any more.", missing=missing)
        parsed = {key: column for key, column in found.items() if column is not None}
        self._hold_chunks(user, parsed)
        return self._sources.freeze(user, name, parsed)[0]

    def _hold_chunks(self, user: str, columns: Mapping[str, Column]) -> None:
        for chunk in {chunk for column in columns.values() for chunk in column.chunks}:
            self._records.hold_chunk(user, chunk.hash, chunk.size)
