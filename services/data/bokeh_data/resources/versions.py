"""The versions of live sources, and the rows that are appended to them."""

from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_body, read_query
from bokeh_common.http.responses import (
    PageQuery,
    add_next_link,
    idempotency_key,
    if_match,
    read_page_query,
)
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.resources.base import READ, WRITE, DataResource
from bokeh_data.resources.bodies import FILE_FORMATS, JSON_OR_PACKED, is_file, read_values_body, rows_of_file
from bokeh_data.resources.schemas.sources import (
    NEW_ROWS_DETAILS,
    FileQuery,
    NewRows,
    SourceRollbackRequest,
    SourceVersions,
)
from bokeh_data.resources.sources import SOURCE
from bokeh_data.sources.drafts import RowsDraft
from bokeh_data.sources.source import Source
from bokeh_data.storage.thread_pools import BULK


class SourceVersionList(DataResource):
    """`GET /{user}/data/{source}/versions`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: ResponseSpec(SourceVersions, headers=("Link",))}, query=PageQuery)}

    async def on_get(self, req: Request, resp: Response, user: str, source: str) -> None:
        """List the versions that are kept, oldest first."""
        after, limit = read_page_query(req)
        number = int(after) if after.isdecimal() else 0
        page, newest = await STORAGE.run(self._read_page, user, source, number, limit)
        resp.media = {"versions": [_summary(version) for version in page]}
        if len(page) == limit and page[-1].version < newest:
            add_next_link(req, resp, str(page[-1].version), limit)

    def _read_page(self, user: str, source: str, after: int, limit: int) -> tuple[list[Source], int]:
        """Return a page, and the number of the newest version."""
        found = self._domain.catalog.get(user, source)
        return self._domain.history.page(user, found, after, limit), found.version


class SourceRollback(DataResource):
    """`POST /{user}/data/{source}/rollback`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: SOURCE}, body=SourceRollbackRequest, headers=("If-Match",), example={"version": 1}
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str, source: str) -> None:
        """Commit a new version with the columns of an old one."""
        body = await read_body(req, self._domain.settings.max_json_bytes, SourceRollbackRequest)
        rollback = self._domain.live.rollback
        changed = await BULK.run(user, rollback, user, source, body.version, if_match(req))
        await self._respond_to_change(resp, user, changed)


class SourceRows(DataResource):
    """`POST /{user}/data/{source}/rows`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: SOURCE},
            body=NewRows,
            media=JSON_OR_PACKED,
            files=tuple(FILE_FORMATS),
            query=FileQuery,
            headers=("If-Match", "Idempotency-Key"),
            problems=("not-packed", "unreadable-file", "quota-exceeded"),
            example={"rows": {"hour": [3], "celsius": [22.5]}},
            details=NEW_ROWS_DETAILS,
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str, source: str) -> None:
        """Append rows to a live source."""
        if is_file(req):
            rows = await self._rows_of_file(req, user, source)
        else:
            body, buffers = await read_values_body(req, self._domain.settings, NewRows)
            rows = RowsDraft(body.rows, buffers, body.rollover, idempotency_key(req))
        changed = await BULK.run(user, self._domain.live.append, user, source, rows, if_match(req))
        await self._respond_to_change(resp, user, changed)

    async def _rows_of_file(self, req: Request, user: str, source: str) -> RowsDraft:
        query = read_query(req, FileQuery)
        current = await STORAGE.run(self._domain.catalog.get, user, source)
        values = await rows_of_file(req, self._domain, user, current, query)
        return RowsDraft(values, rollover=query.rollover, key=idempotency_key(req))


def _summary(source: Source) -> dict[str, Any]:
    """Return a version in the list of versions."""
    columns = source.columns.values()
    return {
        "version": source.version,
        "modified": source.modified,
        "rows": max((column["length"] for column in columns), default=0),
        "size": sum(column["size"] for column in columns),
    }
