"""Listing, creating, reading, changing and deleting data sources."""

from collections.abc import Callable, Mapping
from functools import partial

import falcon
from falcon.asgi import Request, Response
from msgspec import UnsetType

from bokeh_common.errors import Conflict, Invalid
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import add_next_link, if_match, not_modified, read_page_query
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.columns.manifest import Column
from bokeh_data.queries.output_formats import OutputFormat, formats_by_preference
from bokeh_data.resources.base import (
    READ,
    READ_OR_VIEW,
    WRITE,
    DataResource,
    require_if_match,
    respond_with_source,
)
from bokeh_data.resources.blocks import OpenedBody, respond_with_blocks
from bokeh_data.resources.bodies import (
    FILE_FORMATS,
    JSON_OR_PACKED,
    commit_file,
    is_file,
    read_values_body,
)
from bokeh_data.resources.rows import KIND_HEADER, negotiate_format, open_rows, parse_query, used_columns
from bokeh_data.resources.schemas.rows import ROWS_DETAILS, RowsQuery, SummaryOrRows
from bokeh_data.resources.schemas.sources import (
    NEW_SOURCE_DETAILS,
    NEW_SOURCE_EXAMPLE,
    FileQuery,
    KeptVersions,
    NewSource,
    NewSourceVersion,
    SourceDeletionQuery,
    SourceListQuery,
    SourcePage,
    SourceSummary,
)
from bokeh_data.sources.drafts import Buffers, SourceDraft
from bokeh_data.sources.retention import RetentionPolicy
from bokeh_data.sources.source import Source
from bokeh_data.storage.thread_pools import BULK, query_threads

SOURCE = ResponseSpec(SourceSummary, headers=("ETag", "Location"))
CONTENT_PROBLEMS = ("missing-chunks", "not-packed", "unreadable-file", "quota-exceeded")


class SourceList(DataResource):
    """`GET` and `POST /{user}/data`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {
        "GET": Operation({200: ResponseSpec(SourcePage, headers=("Link",))}, query=SourceListQuery),
        "POST": Operation(
            {200: SOURCE, 201: SOURCE},
            body=NewSource,
            media=JSON_OR_PACKED,
            files=tuple(FILE_FORMATS),
            query=FileQuery,
            problems=(*CONTENT_PROBLEMS, "conflict"),
            example=NEW_SOURCE_EXAMPLE,
            details=NEW_SOURCE_DETAILS,
        ),
    }

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the data sources."""
        after, limit = read_page_query(req)
        name = read_query(req, SourceListQuery).name
        sources = await STORAGE.run(self._domain.catalog.page, user, after, limit, name)
        resp.media = {"sources": [source.summary for source in sources]}
        if len(sources) == limit:
            add_next_link(req, resp, sources[-1].id, limit)

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Create a frozen or live data source of columns, or a live one of a file."""
        query = read_query(req, FileQuery)
        if is_file(req):
            source, notes = await self._create_from_file(req, user, query)
            resp.status = falcon.HTTP_201
            respond_with_source(resp, user, source, notes)
            return
        body, buffers = await read_values_body(req, self._domain.settings, NewSource)
        source, is_new = await BULK.run(user, self._create, user, body, buffers)
        resp.status = falcon.HTTP_201 if is_new else falcon.HTTP_200
        respond_with_source(resp, user, source)

    async def _create_from_file(self, req: Request, user: str, query: FileQuery) -> tuple[Source, list[str]]:
        if query.name is None:
            raise Invalid("Send the name of the data source as '?name='.")

        def create(columns: dict[str, Column]) -> Source:
            return self._domain.live.create(user, SourceDraft(query.name, columns))

        return await commit_file(req, self._domain, user, query, create)

    def _create(self, user: str, body: NewSource, buffers: Buffers) -> tuple[Source, bool]:
        if body.live:
            draft = SourceDraft(
                body.name,
                body.columns,
                buffers,
                _policy(body.keep),
                None if isinstance(body.id, UnsetType) else body.id,
                None if isinstance(body.version, UnsetType) else body.version,
            )
            return self._domain.live.create(user, draft), True
        if body.keep is not None:
            raise Invalid("A frozen data source has one version; leave 'keep' out, or set 'live' to true.")
        return self._domain.frozen.create(user, body.name, body.columns)


class OneSource(DataResource):
    """`GET`, `PUT` and `DELETE /{user}/data/{source}`."""

    access = {"GET": READ_OR_VIEW, "PUT": WRITE, "DELETE": WRITE}

    @property
    def describe(self) -> Mapping[str, Operation]:
        """The operations; their media types are those of the output formats."""
        return {"GET": _describe_rows(), "PUT": _PUT, "DELETE": _DELETE}

    async def on_get(self, req: Request, resp: Response, user: str, source: str) -> None:
        """Summarise a data source, or read rows of it."""
        source_id, _, extension = source.partition(".")
        query = read_query(req, RowsQuery)
        output_format = negotiate_format(req, extension, query)
        find = partial(self._find, user, source_id, query.version)
        if output_format is not None:
            await self._respond_with_rows(req, resp, user, find, query, output_format)
            return
        found = await self._shown_part(req, await STORAGE.run(find))
        if not not_modified(req, resp, found.etag):
            respond_with_source(resp, user, found)

    def _find(self, user: str, source_id: str, version: int | None) -> Source:
        return self._domain.history.at(user, self._domain.catalog.get(user, source_id), version)

    async def _respond_with_rows(
        self,
        req: Request,
        resp: Response,
        user: str,
        find: Callable[[], Source],
        query: RowsQuery,
        output_format: OutputFormat,
    ) -> None:
        """Respond with rows; unless the columns have to be checked first, in one call on a thread.

        For a token that is for one plot, a live source has those columns only that the plot shows.
        """
        checked: Source | None = None
        if req.context.principal.only is not None:
            checked = await self._shown_rows(req, await STORAGE.run(find), query)

        def open_body() -> OpenedBody | None:
            source = checked or find()
            rows = parse_query(query, source)
            return open_rows(req, resp, self._domain.reader, user, source, rows, output_format)

        await respond_with_blocks(resp, open_body, query_threads())

    async def _shown_rows(self, req: Request, source: Source, query: RowsQuery) -> Source:
        """Return a source of which rows are requested with a token that is for one plot."""
        if source.live:
            return await self._shown_part(req, source)
        hashes, names = source.hashes, used_columns(parse_query(query, source))
        await self._require_shown(req, [hashes[name] for name in names if name in hashes])
        return source

    async def on_put(self, req: Request, resp: Response, user: str, source: str) -> None:
        """Commit a new version of a live source: other columns, another name, a file."""
        etag, query = require_if_match(req), read_query(req, FileQuery)
        notes: list[str] | None = None
        live = self._domain.live
        if is_file(req):
            await STORAGE.run(live.require, user, source, etag)

            def replace(columns: dict[str, Column]) -> Source:
                kept = self._domain.catalog.get(user, source).hashes if query.update else {}
                others = {name: {"hash": column} for name, column in kept.items() if name not in columns}
                return live.replace(user, source, SourceDraft(query.name, {**others, **columns}), etag)

            changed, notes = await commit_file(req, self._domain, user, query, replace)
        else:
            body, buffers = await read_values_body(req, self._domain.settings, NewSourceVersion)
            changed = await BULK.run(user, live.replace, user, source, _draft(body, buffers), etag)
        await self._respond_to_change(resp, user, changed, notes)

    async def on_delete(self, req: Request, resp: Response, user: str, source: str) -> None:
        """Delete a data source, unless a plot uses it."""
        if not read_query(req, SourceDeletionQuery).force:
            await self._require_unused(user, source)
        await STORAGE.run(self._domain.live.delete, user, source, if_match(req))
        resp.status = falcon.HTTP_204

    async def _require_unused(self, user: str, source: str) -> None:
        await STORAGE.run(self._domain.catalog.get, user, source)
        names = {item["plot"]: item["name"] async for item in self._domain.plots.using(user, source)}
        if names:
            plots = [{"id": plot, "name": name} for plot, name in names.items()]
            listed = ", ".join(repr(name) for name in list(names.values())[:5])
            use = "1 plot uses" if len(plots) == 1 else f"{len(plots)} plots use"
            detail = f"{use} this source ({listed}); delete them, or send '?force=true'."
            raise Conflict(detail, slug="source-in-use", plots=plots)


def _describe_rows() -> Operation:
    formats = formats_by_preference()
    extensions = ", ".join(f"`.{output_format.extension}`" for output_format in formats)
    media = tuple(output_format.media_type for output_format in formats)
    return Operation(
        {200: ResponseSpec(SummaryOrRows, media, ("ETag", KIND_HEADER)), 304: None},
        query=RowsQuery,
        headers=("If-None-Match",),
        details=ROWS_DETAILS.format(extensions=extensions),
    )


_PUT = Operation(
    {200: SOURCE},
    body=NewSourceVersion,
    media=JSON_OR_PACKED,
    files=tuple(FILE_FORMATS),
    query=FileQuery,
    headers=("If-Match",),
    problems=(*CONTENT_PROBLEMS, "precondition-required"),
    example={"columns": NEW_SOURCE_EXAMPLE["columns"]},
    details=NEW_SOURCE_DETAILS,
)
_DELETE = Operation(
    {204: None}, query=SourceDeletionQuery, headers=("If-Match",), problems=("source-in-use",)
)


def _draft(body: NewSourceVersion, buffers: Buffers) -> SourceDraft:
    return SourceDraft(
        None if isinstance(body.name, UnsetType) else body.name,
        None if isinstance(body.columns, UnsetType) else body.columns,
        buffers,
        None if isinstance(body.keep, UnsetType) else _policy(body.keep),
        version=None if isinstance(body.version, UnsetType) else body.version,
    )


def _policy(kept: KeptVersions | None) -> RetentionPolicy:
    return RetentionPolicy() if kept is None else RetentionPolicy(kept.versions, kept.days)
