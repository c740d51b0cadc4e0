"""The history of live sources, and the rows that make it."""

import falcon

from bokeh_common.http.body import read_body
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, idempotency_key, if_match, link_next, page_of
from bokeh_data import api
from bokeh_data.live import Rows
from bokeh_data.resources.base import READ, WRITE, Resource, show
from bokeh_data.resources.sources import JSON_OR_PACKED, SOURCE


class VersionList(Resource):
    """`GET /{user}/data/{source}/versions`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: Answer(api.SourceVersions, headers=("Link",))}, query=Paging)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """List the versions that are kept, oldest first."""
        after, limit = page_of(req)
        found = self._sources.get(user, source)
        page = self._versions.page(user, found, int(after) if after.isdecimal() else 0, limit)
        resp.media = {"versions": [api.version_summary(one) for one in page]}
        if len(page) == limit and page[-1].version < found.version:
            link_next(req, resp, str(page[-1].version), limit)


class Rollback(Resource):
    """`POST /{user}/data/{source}/rollback`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation({200: SOURCE}, body=api.GoBackTo, headers=("If-Match",), example={"version": 1})
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Make a new version with the columns of an old one."""
        version = read_body(req, self._settings.max_json_bytes, api.GoBackTo).version
        show(resp, user, self._live.rollback(user, source, version, if_match(req)))


class NewRows(Resource):
    """`POST /{user}/data/{source}/rows`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: SOURCE},
            body=api.AddedRows,
            media=JSON_OR_PACKED,
            headers=("If-Match", "Idempotency-Key"),
            problems=("not-packed", "quota-exceeded"),
            example={"rows": {"hour": [3], "celsius": [22.5]}},
            details=api.APPENDING,
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, source: str) -> None:
        """Append rows to a live source."""
        body, buffers = self._given(req)
        rows = Rows(body.get("rows", {}), buffers, body.get("rollover"), idempotency_key(req))
        show(resp, user, self._live.append(user, source, rows, if_match(req)))
