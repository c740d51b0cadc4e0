"""Transfer of columns to another account, when a plot is copied: manifests are copied, chunks are not."""

from collections.abc import Mapping
from dataclasses import replace

from bokeh_common.errors import NotFound
from bokeh_data.columns.manifest import Column
from bokeh_data.sources.frozen import FrozenSources
from bokeh_data.sources.source import Source
from bokeh_data.storage.repository import DataRepository


class ColumnTransfer:
    """Transfers columns at the request of the plots service, which decides who may read a plot."""

    def __init__(self, repository: DataRepository, frozen: FrozenSources) -> None:
        self._repository = repository
        self._frozen = frozen

    def transfer(
        self,
        owner: str,
        user: str,
        name: str,
        columns: Mapping[str, str],
        origin: tuple[str, int | None] | None = None,
    ) -> Source:
        """Create a frozen source for an account, of columns of another account.

        Args:
            owner: the account that has the columns.
            user: the account that gets the source.
            name: of the source.
            columns: hashes of the columns, by name.
            origin: the id and the version of the owner's source, which knows the types of times.

        Raises:
            NotFound: a column does not exist.
            Invalid: a chunk was collected in the meantime.
            Forbidden: the account would exceed its quota.
        """
        found = {key: self._repository.find_column(owner, column) for key, column in columns.items()}
        if missing := sorted(columns[key] for key, column in found.items() if column is None):
            raise NotFound("Some columns of the plot no longer exist.", missing=missing)
        types = self._types(owner, origin) if origin else {}
        existing = {
            key: replace(column, drawn=types.get((key, columns[key])))
            for key, column in found.items()
            if column is not None
        }
        self._grant_chunks(user, existing)
        return self._frozen.freeze(user, name, existing)[0]

    def _types(self, owner: str, origin: tuple[str, int | None]) -> dict[tuple[str, str], str]:
        """Return the types of a source's columns of times by name and hash."""
        source_id, version = origin
        found = self._repository.find_version(owner, source_id, version) if version else None
        found = found or self._repository.find_source(owner, source_id) or {"columns": {}}
        return {
            (name, column["hash"]): column["type"]
            for name, column in found["columns"].items()
            if "type" in column
        }

    def _grant_chunks(self, user: str, columns: Mapping[str, Column]) -> None:
        for chunk in {chunk for column in columns.values() for chunk in column.chunks}:
            self._repository.grant_chunk(user, chunk.hash, chunk.size)
