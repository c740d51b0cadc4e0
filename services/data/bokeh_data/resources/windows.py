"""Windows of columns that are named by their hashes: what pages ask for as one zooms."""

import falcon

from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import immutable, not_modified
from bokeh_data import formats, rows_api
from bokeh_data.columns import Column
from bokeh_data.dtypes import is_time
from bokeh_data.resources.base import PACKED_TYPE, READ_OR_VIEW, Resource
from bokeh_data.resources.reading import KIND, tag_of
from bokeh_data.windows import Window


class ColumnWindow(Resource):
    """`GET /{user}/data/columns/window`."""

    access = {"GET": READ_OR_VIEW}
    describe = {
        "GET": Operation(
            {200: Answer(bytes, (PACKED_TYPE,), ("ETag", KIND)), 304: None},
            query=rows_api.WindowOfColumns,
            headers=("If-None-Match",),
            details=rows_api.WINDOW,
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send what a window shows of columns, which are called by their hashes there."""
        asked = read_query(req, rows_api.WindowOfColumns)
        hashes = list(dict.fromkeys([asked.x, *asked.y.split(",")]))
        self._check_view(req, hashes)
        columns = dict(zip(hashes, self._sources.columns(user, hashes), strict=True))
        window = _window(asked, columns[asked.x])
        immutable(resp)
        if not_modified(req, resp, tag_of(hashes, window, "packed")):
            return
        result = self._reads.window_of(columns, window)
        resp.content_type = PACKED_TYPE
        resp.set_header(KIND, result.kind)
        resp.set_stream(*formats.packed_blocks(result))


def _window(asked: rows_api.WindowOfColumns, x: Column) -> Window:
    """Return the window; its ends are numbers as browsers have them, so of times they are milliseconds."""
    unit = "ms" if is_time(x.dtype) else ""
    begin, end = (None if value is None else f"{value!r}{unit}" for value in (asked.begin, asked.end))
    ys = tuple(dict.fromkeys(asked.y.split(",")))
    return Window(asked.x, ys, begin, end, asked.pixels, asked.method, asked.around)
