"""Reading columns by their hashes."""

from collections.abc import Iterator

from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_body, read_query
from bokeh_common.http.responses import not_modified, set_immutable
from bokeh_common.http.server.thread_pools import STORAGE, ThreadPool
from bokeh_data.columns.browser_encoding import browser_dtype, browser_size
from bokeh_data.columns.dtypes import is_arrow
from bokeh_data.columns.manifest import Column
from bokeh_data.resources.base import COLUMNS_TYPE, READ_OR_VIEW, DataResource
from bokeh_data.resources.blocks import OpenedBody, respond_with_blocks
from bokeh_data.resources.bodies import check_count
from bokeh_data.resources.schemas.columns import ColumnHashes, ColumnQuery
from bokeh_data.storage.thread_pools import query_threads


class OneColumn(DataResource):
    """`GET /{user}/data/columns/{column}`."""

    access = {"GET": READ_OR_VIEW}
    describe = {
        "GET": Operation(
            {
                200: ResponseSpec(bytes, ("application/octet-stream", "application/json"), ("ETag",)),
                304: None,
            },
            query=ColumnQuery,
            headers=("If-None-Match",),
        )
    }

    async def on_get(self, req: Request, resp: Response, user: str, column: str) -> None:
        """Send a column in its browser encoding, its stored bytes, or its manifest."""
        await self._require_shown(req, [column])
        form = read_query(req, ColumnQuery).form

        def open_column() -> OpenedBody | None:
            [found] = self._domain.columns.get(user, [column])
            set_immutable(resp)
            etag = found.hash if form == "shown" else f"{found.hash}.{form}"
            return None if not_modified(req, resp, etag) else self._open(resp, found, form)

        await respond_with_blocks(resp, open_column)

    def _open(self, resp: Response, column: Column, form: str) -> OpenedBody:
        columns = self._domain.columns
        resp.content_type = "application/json" if form == "manifest" else "application/octet-stream"
        if form == "manifest":
            return OpenedBody([column.manifest], len(column.manifest))
        if form == "shown":
            return OpenedBody(columns.browser_blocks(column), browser_size(column), pool_for([column]))
        if is_arrow(column.dtype):
            raise Invalid(
                f"The stored bytes of a column of {column.dtype} are not its values; read an Arrow stream."
            )
        return OpenedBody(columns.stored_blocks(column), column.size)


class ColumnBatch(DataResource):
    """`POST /{user}/data/columns`."""

    access = {"POST": READ_OR_VIEW}
    describe = {
        "POST": Operation(
            {200: ResponseSpec(bytes, (COLUMNS_TYPE,))}, body=ColumnHashes, example={"columns": []}
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Send several columns at once: for each its size as uint64 (little-endian), then its values."""
        settings = self._domain.settings
        body = await read_body(req, settings.max_json_bytes, ColumnHashes)
        hashes = check_count(body.columns, settings.max_columns_asked)
        await self._require_shown(req, hashes)
        await respond_with_blocks(resp, lambda: self._open(user, hashes))
        resp.content_type = COLUMNS_TYPE

    def _open(self, user: str, hashes: list[str]) -> OpenedBody:
        columns = self._domain.columns.get(user, hashes)
        size = sum(8 + browser_size(column) for column in columns)
        return OpenedBody(self._frames(columns), size, pool_for(columns))

    def _frames(self, columns: list[Column]) -> Iterator[bytes]:
        for column in columns:
            yield browser_size(column).to_bytes(8, "little")
            yield from self._domain.columns.browser_blocks(column)


def pool_for(columns: list[Column]) -> ThreadPool:
    """Return the threads that read columns for browsers: those of queries if values are converted."""
    is_converted = any(browser_dtype(column) != column.dtype for column in columns)
    return query_threads() if is_converted else STORAGE
