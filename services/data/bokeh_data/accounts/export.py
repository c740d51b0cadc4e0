"""The export of an account's data, as files of a tar archive.

data/sources/{id}.json                a data source: its columns by name, with dtype, shape and hash
data/sources/{id}/versions/{n}.json   an old version of a live source
data/columns/{hash}.json              a column: dtype, shape, and its chunks in order
data/chunks/{hash}                    the bytes of a chunk, once, named by their BLAKE3-256
"""

from collections.abc import Iterator

from bokeh_common.tar_stream import json_member, member
from bokeh_data.storage.repository import DataRepository

PAGE = 1000


class DataExporter:
    """Exports the data of accounts."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository

    def blocks(self, user: str) -> Iterator[bytes]:
        """Yield the files of all sources, columns and chunks, without the end of the archive."""
        yield from self._sources(user)
        yield from self._columns(user)
        yield from self._chunks(user)

    def _sources(self, user: str) -> Iterator[bytes]:
        after = ""
        while page := self._repository.sources(user, after, PAGE):
            for source in page:
                yield from json_member(f"data/sources/{source['id']}.json", source)
                yield from self._versions(user, source["id"])
            after = str(page[-1]["id"])

    def _versions(self, user: str, source: str) -> Iterator[bytes]:
        after = 0
        while page := self._repository.versions(user, source, after, PAGE):
            for version in page:
                yield from json_member(f"data/sources/{source}/versions/{version['version']}.json", version)
            after = int(page[-1]["version"])

    def _columns(self, user: str) -> Iterator[bytes]:
        after = ""
        while page := self._repository.column_names(user, after, PAGE):
            for name in page:
                column = self._repository.find_column(user, name)
                if column is not None:
                    manifest = column.manifest
                    yield from member(f"data/columns/{name}.json", len(manifest), [manifest])
            after = page[-1]

    def _chunks(self, user: str) -> Iterator[bytes]:
        after = ""
        while page := self._repository.uploads(user, after, PAGE):
            for name in page:
                size = self._repository.chunk_size(user, name)
                if size is not None:
                    yield from member(f"data/chunks/{name}", size, self._repository.read_chunk(name))
            after = list(page)[-1]
