"""The columns of an account."""

from collections.abc import Iterable, Iterator, Mapping

from bokeh_common.errors import Invalid, NotFound
from bokeh_data.columns.manifest import Column, check_hash
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository


class AccountColumns:
    """Commits and reads columns, for one account at a time."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository
        self._store = ColumnStore(repository)

    def commit(self, user: str, columns: Mapping[str, Column]) -> dict[str, Column]:
        """Store columns whose chunks the account has uploaded, and return them with their statistics.

        Raises:
            Invalid: chunks are not stored (`missing-chunks`), or differ from the manifests.
            Forbidden: the account would exceed its quota.
        """
        self._require_chunks(user, columns.values())
        completed = {name: self._store.complete_statistics(column) for name, column in columns.items()}
        self._repository.put_columns(user, completed.values())
        return completed

    def get(self, user: str, hashes: Iterable[str]) -> list[Column]:
        """Return columns by their hashes, in the same order.

        Raises:
            Invalid: a hash is not written like one.
            NotFound: columns do not exist; `missing` names them.
        """
        names = [check_hash(name) for name in hashes]
        found = {name: self._repository.find_column(user, name) for name in names}
        missing = [name for name, column in found.items() if column is None]
        if missing:
            raise NotFound("Some columns do not exist; publish the figure again.", missing=missing)
        return [column for name in names if (column := found[name])]

    def browser_blocks(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes that browsers get, in blocks."""
        return self._store.browser_blocks(column)

    def stored_blocks(self, column: Column) -> Iterator[bytes]:
        """Yield the stored bytes of a column that is not an Arrow column, in blocks."""
        return self._store.stored_blocks(column)

    def _require_chunks(self, user: str, columns: Iterable[Column]) -> None:
        chunks = dict.fromkeys(chunk for column in columns for chunk in column.chunks)
        stored = {chunk.hash: self._repository.chunk_size(user, chunk.hash) for chunk in chunks}
        if missing := [name for name, size in stored.items() if size is None]:
            detail = f"{len(missing)} chunks are not stored; upload those of 'missing' and commit again."
            raise Invalid(detail, slug="missing-chunks", missing=missing)
        if wrong := [chunk for chunk in chunks if chunk.size != stored[chunk.hash]]:
            raise Invalid(f"Chunk {wrong[0].hash} has {stored[wrong[0].hash]} bytes, not {wrong[0].size}.")
