"""The routes of the data service, a class each: read the request, call the domain, write the answer."""

from collections.abc import Iterator
from typing import Any

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.body import check_length, read_blocks, read_json
from bokeh_common.http.replies import immutable, link_next, not_modified, page_of
from bokeh_data.peers import Plots
from bokeh_data.settings import Settings
from bokeh_data.sources import Source, Sources

COLUMNS_TYPE = "application/vnd.bokeh-cloud.columns"
MAX_CHUNKS_A_QUESTION = 10_000
MAX_COLUMNS_A_BATCH = 1000

READ = Access("data:read")
READ_OR_VIEW = Access("data:read", bound=True)
WRITE = Access("data:write", counted="uploads")


class Resource:
    """What the resources of this service hold."""

    def __init__(self, sources: Sources, plots: Plots, settings: Settings) -> None:
        self._sources = sources
        self._plots = plots
        self._settings = settings

    def _list_of(self, req: falcon.Request, key: str, limit: int) -> list[Any]:
        body = read_json(req, self._settings.max_json_bytes)
        items = body.get(key) if isinstance(body, dict) else None
        if not isinstance(items, list) or len(items) > limit:
            raise Invalid(f"Send {{{key!r}: [...]}} with at most {limit} hashes.")
        return items

    def _check_view(self, req: falcon.Request, hashes: list[Any]) -> None:
        only = req.context.principal.only
        if only is not None:
            self._plots.demand_columns(only, hashes, req.get_header("Authorization"))


class MissingChunks(Resource):
    """`POST /{user}/data/chunks/missing`."""

    access = {"POST": WRITE}

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List those of these chunks that have to be uploaded."""
        hashes = self._list_of(req, "chunks", MAX_CHUNKS_A_QUESTION)
        resp.media = {"missing": self._sources.missing_chunks(user, hashes)}


class ChunkUpload(Resource):
    """`PUT /{user}/data/chunks/{chunk}`."""

    access = {"PUT": WRITE}

    def on_put(self, req: falcon.Request, resp: falcon.Response, user: str, chunk: str) -> None:
        """Store the body, when it hashes to `chunk`."""
        check_length(req, self._settings.max_chunk_bytes)
        stored = self._sources.store_chunk(user, chunk, read_blocks(req))
        resp.status = falcon.HTTP_201 if stored else falcon.HTTP_204


class SourceList(Resource):
    """`GET` and `POST /{user}/data`."""

    access = {"GET": READ, "POST": WRITE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List the data sources."""
        after, limit = page_of(req)
        sources = self._sources.page(user, after, limit)
        resp.media = {"sources": [vars(source) for source in sources]}
        if len(sources) == limit:
            link_next(req, resp, sources[-1].id, limit)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Commit a data source whose chunks are stored."""
        body = read_json(req, self._settings.max_json_bytes)
        if not isinstance(body, dict):
            raise Invalid("Send an object with 'name' and 'columns'.")
        source, created = self._sources.create(user, body.get("name"), body.get("columns"))
        resp.status = falcon.HTTP_201 if created else falcon.HTTP_200
        _show(resp, user, source)


class OneSource(Resource):
    """`GET /{user}/data/{source}`."""

    access = {"GET": READ}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Summarise a data source: column names, dtypes, lengths, hashes."""
        found = self._sources.get(user, source)
        if not not_modified(req, resp, f"{found.id}.{found.version}"):
            _show(resp, user, found)


class OneColumn(Resource):
    """`GET /{user}/data/columns/{column}`."""

    access = {"GET": READ_OR_VIEW}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, column: str) -> None:
        """Send the values of a column, raw."""
        self._check_view(req, [column])
        [found] = self._sources.columns(user, [column])
        immutable(resp)
        if not not_modified(req, resp, found.hash):
            resp.content_type = "application/octet-stream"
            resp.set_stream(self._sources.read(found), found.size)


class ColumnBatch(Resource):
    """`POST /{user}/data/columns`."""

    access = {"POST": READ_OR_VIEW}

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send several columns at once: for each its size as uint64 (little-endian), then its values."""
        hashes = self._list_of(req, "columns", MAX_COLUMNS_A_BATCH)
        self._check_view(req, hashes)
        columns = self._sources.columns(user, hashes)

        def frames() -> Iterator[bytes]:
            for column in columns:
                yield column.size.to_bytes(8, "little")
                yield from self._sources.read(column)

        resp.content_type = COLUMNS_TYPE
        resp.set_stream(frames(), sum(8 + column.size for column in columns))


def _show(resp: falcon.Response, user: str, source: Source) -> None:
    resp.location = f"/{user}/data/{source.id}"
    resp.media = vars(source)
