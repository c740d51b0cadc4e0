"""Routes for the other services, which the gateway does not route."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_body
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.queries.output_formats import output_formats
from bokeh_data.resources.base import DataResource
from bokeh_data.resources.schemas.internal import (
    CompressionRequest,
    CurrentSourcesRequest,
    PinRequest,
    SourceBatchRequest,
    SourceChangesRequest,
    TransferRequest,
)
from bokeh_data.sources.changes import ChangeAllowance, ChangeQuery, Position
from bokeh_data.sources.source import Source
from bokeh_data.storage.thread_pools import BULK, change_threads

MAX_JSON_BYTES = 16 << 20


class Pins(DataResource):
    """`POST /internal/data/pins/{user}`."""

    access = {"POST": Access(None, service="internal:pin")}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Protect data sources and columns that a plot is about to refer to from being collected."""
        body = await read_body(req, self._domain.settings.max_json_bytes, PinRequest)
        await STORAGE.run(self._domain.catalog.pin, user, body.sources, body.columns)
        resp.media = {}


class _SourceBatch(DataResource):
    """The base class of resources that send many data sources."""

    def _find(self, user: str, versions: Mapping[str, int | None]) -> dict[str, Any]:
        """Return the records of versions of sources by id, without those that do not exist."""
        catalog, history, found = self._domain.catalog, self._domain.history, {}
        for source, version in versions.items():
            with suppress(NotFound):
                found[source] = history.at(user, catalog.get(user, source), version).record
        return found


class SourceBatch(_SourceBatch):
    """`POST /internal/data/sources/{user}`, for a caller who must be allowed to read data sources."""

    access = {"POST": Access("data:read", service="internal:sources")}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Send versions of data sources, by id; those that do not exist are left out."""
        body = await read_body(req, MAX_JSON_BYTES, SourceBatchRequest)
        resp.media = {"sources": await STORAGE.run(self._find, user, body.sources)}


class CurrentSources(_SourceBatch):
    """`POST /internal/data/current-sources/{user}`, for readers of a plot, who may have no account."""

    access = {"POST": Access(None, service="internal:sources")}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Send the current versions of data sources, by id; those that do not exist are left out."""
        body = await read_body(req, MAX_JSON_BYTES, CurrentSourcesRequest)
        resp.media = {"sources": await STORAGE.run(self._find, user, dict.fromkeys(body.sources))}


class SourceChangeList(DataResource):
    """`POST /internal/data/source-changes/{user}`, for the event streams of a plot."""

    access = {"POST": Access(None, service="internal:sources")}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Send how live sources have changed, by id; those that do not exist are left out."""
        body = await read_body(req, MAX_JSON_BYTES, SourceChangesRequest)
        resp.media = {"sources": await change_threads().run(self._find_changes, user, body)}

    def _find_changes(self, user: str, body: SourceChangesRequest) -> dict[str, Any]:
        found, allowance = {}, ChangeAllowance()
        for source, asked in body.sources.items():
            query = ChangeQuery(
                None if asked.names is None else frozenset(asked.names),
                None if asked.since is None else Position(*asked.since),
                None if asked.until is None else Position(*asked.until),
            )
            with suppress(NotFound):
                found[source] = self._domain.changes.find(user, source, query, allowance)
        return found


class CompressionRuns(DataResource):
    """`POST /internal/data/compression`."""

    access = {"POST": Access(None, service="internal:collect")}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Compress some chunks, and tell after which one the next run continues."""
        body = await read_body(req, MAX_JSON_BYTES, CompressionRequest)
        resp.media = vars(await BULK.run("", self._domain.compressor.run, body.after, body.since, body.until))


class ColumnTransfers(DataResource):
    """`POST /internal/data/transfers/{user}`; `user` gets the columns, and must be the caller."""

    access = {"POST": Access("data:write", service="internal:sources")}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Create frozen data sources of another account's columns; respond with their ids."""
        body = await read_body(req, MAX_JSON_BYTES, TransferRequest)
        created = await BULK.run(user, self._transfer, user, body)
        resp.media = {"sources": [source.id for source in created]}

    def _transfer(self, user: str, body: TransferRequest) -> list[Source]:
        transfer = self._domain.transfer.transfer
        return [
            transfer(
                body.owner,
                user,
                item.name,
                item.columns,
                (item.source, item.version) if item.source is not None else None,
            )
            for item in body.sources
        ]


class OutputFormatList(DataResource):
    """`GET /internal/data/formats`."""

    access = {"GET": Access(None, service="internal:pages")}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the output formats of rows, in the order of download links."""
        resp.media = {"formats": [output_format.summary for output_format in output_formats()]}
