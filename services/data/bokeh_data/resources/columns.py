"""Reading columns by their hashes."""

from collections.abc import Iterator

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import immutable, not_modified
from bokeh_data import api
from bokeh_data.columns import Column
from bokeh_data.dtypes import is_arrow
from bokeh_data.resources.base import COLUMNS_TYPE, READ_OR_VIEW, Resource
from bokeh_data.shown import shown_size


class OneColumn(Resource):
    """`GET /{user}/data/columns/{column}`."""

    access = {"GET": READ_OR_VIEW}
    describe = {
        "GET": Operation(
            {200: Answer(bytes, ("application/octet-stream", "application/json"), ("ETag",)), 304: None},
            query=api.InForm,
            headers=("If-None-Match",),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, column: str) -> None:
        """Send the values of a column, as browsers take them or as they are stored, or what it is made of."""
        self._check_view(req, [column])
        [found] = self._sources.columns(user, [column])
        form = read_query(req, api.InForm).form
        immutable(resp)
        if not_modified(req, resp, found.hash if form == "shown" else f"{found.hash}.{form}"):
            return
        if form == "manifest":
            resp.content_type, resp.data = "application/json", found.manifest
        else:
            resp.content_type = "application/octet-stream"
            resp.set_stream(*self._read(found, form))

    def _read(self, column: Column, form: str) -> tuple[Iterator[bytes], int]:
        if form == "shown":
            return self._sources.read(column), shown_size(column)
        if is_arrow(column.dtype):
            raise Invalid(f"A column of {column.dtype} has no bytes of its own; read it as an Arrow stream.")
        return self._sources.read_stored(column), column.size


class ColumnBatch(Resource):
    """`POST /{user}/data/columns`."""

    access = {"POST": READ_OR_VIEW}
    describe = {
        "POST": Operation({200: Answer(bytes, (COLUMNS_TYPE,))}, body=api.Hashes, example={"columns": []})
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send several columns at once: for each its size as uint64 (little-endian), then its values."""
        hashes = self._list_of(req, "columns", self._settings.max_columns_asked)
        self._check_view(req, hashes)
        columns = self._sources.columns(user, hashes)

        def frames() -> Iterator[bytes]:
            for column in columns:
                yield shown_size(column).to_bytes(8, "little")
                yield from self._sources.read(column)

        resp.content_type = COLUMNS_TYPE
        resp.set_stream(frames(), sum(8 + shown_size(column) for column in columns))
