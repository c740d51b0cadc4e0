"""Windows of columns by their hashes, which pages request when their users zoom."""

from falcon.asgi import Request, Response

from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import not_modified, set_immutable
from bokeh_data.columns.dtypes import is_time
from bokeh_data.columns.manifest import Column
from bokeh_data.queries.output_formats import PACKED_ROWS
from bokeh_data.resources.base import READ_OR_VIEW, DataResource
from bokeh_data.resources.blocks import OpenedBody, respond_with_blocks
from bokeh_data.resources.rows import KIND_HEADER, rows_etag, write_rows
from bokeh_data.resources.schemas.rows import COLUMN_WINDOW_DETAILS, ColumnWindowQuery
from bokeh_data.storage.thread_pools import query_threads
from bokeh_data.windows.viewport import Window


class ColumnWindow(DataResource):
    """`GET /{user}/data/columns/window`."""

    access = {"GET": READ_OR_VIEW}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(bytes, (PACKED_ROWS.media_type,), ("ETag", KIND_HEADER)), 304: None},
            query=ColumnWindowQuery,
            headers=("If-None-Match",),
            details=COLUMN_WINDOW_DETAILS,
        )
    }

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Send the rows of a window of columns, whose names in the response are their hashes."""
        query = read_query(req, ColumnWindowQuery)
        hashes = list(dict.fromkeys([query.x, *query.y.split(",")]))
        await self._require_shown(req, hashes)

        def open_window() -> OpenedBody | None:
            columns = dict(zip(hashes, self._domain.columns.get(user, hashes), strict=True))
            window = _window(query, columns[query.x])
            set_immutable(resp)
            if not_modified(req, resp, rows_etag(hashes, window, PACKED_ROWS)):
                return None
            return write_rows(resp, self._domain.reader.window_of(columns, window), PACKED_ROWS)

        await respond_with_blocks(resp, open_window, query_threads())


def _window(query: ColumnWindowQuery, x: Column) -> Window:
    """Return the window; its ends are numbers of the browser, which are milliseconds for times."""
    unit = "ms" if is_time(x.dtype) else ""
    begin, end = (None if value is None else f"{value!r}{unit}" for value in (query.begin, query.end))
    ys = tuple(dict.fromkeys(query.y.split(",")))
    return Window(query.x, ys, begin, end, query.pixels, query.method, query.around)
