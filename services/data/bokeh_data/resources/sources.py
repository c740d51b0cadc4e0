"""Listing, making, changing and deleting data sources."""

from typing import Any

import falcon

from bokeh_common.errors import Conflict, Invalid
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, if_match, link_next, not_modified, page_of
from bokeh_data import api, rows_api
from bokeh_data.queries import Query
from bokeh_data.resources.base import PACKED_TYPE, READ, READ_OR_VIEW, WRITE, Resource, demanded, show
from bokeh_data.resources.reading import KIND, MEDIA, answer, asked_of, form_of, used_by
from bokeh_data.resources.uploading import FILES, is_file
from bokeh_data.sources import Source
from bokeh_data.windows import Window

JSON_OR_PACKED = ("application/json", PACKED_TYPE)
SOURCE = Answer(api.SourceSummary, headers=("ETag", "Location"))


class SourceList(Resource):
    """`GET` and `POST /{user}/data`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {
        "GET": Operation({200: Answer(api.SourcePage, headers=("Link",))}, query=Paging),
        "POST": Operation(
            {200: SOURCE, 201: SOURCE},
            body=api.NewSource,
            media=JSON_OR_PACKED,
            files=tuple(FILES),
            query=api.NewFile,
            problems=("missing-chunks", "not-packed", "unreadable-file", "quota-exceeded", "conflict"),
            example=api.NEW_SOURCE_EXAMPLE,
            details=api.MAKING,
        ),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List the data sources."""
        after, limit = page_of(req)
        sources = self._sources.page(user, after, limit)
        resp.media = {"sources": [source.summary for source in sources]}
        if len(sources) == limit:
            link_next(req, resp, sources[-1].id, limit)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Make a data source of columns, a frozen one or a live one; or of a file."""
        name = read_query(req, api.NewFile).name
        if is_file(req):
            source, created = self._files.create(req, user, name), True
        else:
            source, created = self._make(user, *self._given(req))
        resp.status = falcon.HTTP_201 if created else falcon.HTTP_200
        show(resp, user, source)

    def _make(self, user: str, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        if body.get("live", False) not in (True, False):
            raise Invalid("'live' must be true or false.")
        if body.get("live"):
            return self._live.create(user, body, buffers), True
        if body.get("keep") is not None:
            raise Invalid("A frozen source has one version; leave 'keep' out, or make the source 'live'.")
        return self._sources.create(user, body.get("name"), body.get("columns"))


class OneSource(Resource):
    """`GET`, `PUT` and `DELETE /{user}/data/{source}`."""

    access = {"GET": READ_OR_VIEW, "PUT": WRITE, "DELETE": WRITE}
    describe = {
        "GET": Operation(
            {200: Answer(rows_api.SummaryOrRows, tuple(MEDIA.values()), ("ETag", KIND)), 304: None},
            query=rows_api.Reading,
            headers=("If-None-Match",),
            details=rows_api.READING,
        ),
        "PUT": Operation(
            {200: SOURCE},
            body=api.NewSourceVersion,
            media=JSON_OR_PACKED,
            files=tuple(FILES),
            query=api.NewFile,
            headers=("If-Match",),
            problems=(
                "missing-chunks",
                "not-packed",
                "unreadable-file",
                "quota-exceeded",
                "precondition-required",
            ),
            example={"columns": api.NEW_SOURCE_EXAMPLE["columns"]},
            details=api.MAKING,
        ),
        "DELETE": Operation(
            {204: None}, query=api.Forced, headers=("If-Match",), problems=("source-in-use",)
        ),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Summarise a data source, or read rows of it."""
        name, _, ending = source.partition(".")
        asked = read_query(req, rows_api.Reading)
        form = form_of(req, ending, asked)
        found = self._versions.at(user, self._sources.get(user, name), asked.version)
        if form is not None:
            self._send_rows(req, resp, user, found, asked_of(asked, found), form)
            return
        self._check_view(req, list(found.hashes.values()))
        if not not_modified(req, resp, found.tag):
            show(resp, user, found)

    def _send_rows(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        user: str,
        found: Source,
        asked: Window | Query,
        form: str,
    ) -> None:
        self._check_view(req, [found.hashes[name] for name in used_by(asked) if name in found.hashes])
        answer(req, resp, self._reads, user, found, asked, form)

    def on_put(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Commit a new version of a live source: other columns, another name, a file."""
        expected, name = demanded(req), read_query(req, api.NewFile).name
        if is_file(req):
            show(resp, user, self._files.replace(req, user, source, name, expected))
            return
        body, buffers = self._given(req)
        show(resp, user, self._live.replace(user, source, body, buffers, expected))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Delete a data source, unless a plot uses it."""
        if not read_query(req, api.Forced).force:
            self._demand_unused(user, source)
        self._live.delete(user, source, if_match(req))
        resp.status = falcon.HTTP_204

    def _demand_unused(self, user: str, source: str) -> None:
        self._sources.get(user, source)
        users = {item["plot"]: item["name"] for item in self._plots.using(user, source)}
        if users:
            plots = [{"id": plot, "name": name} for plot, name in users.items()]
            named = ", ".join(repr(name) for name in list(users.values())[:5])
            detail = f"{len(plots)} plots use this source ({named}); delete them, or send '?force=true'."
            raise Conflict(detail, slug="source-in-use", plots=plots)
