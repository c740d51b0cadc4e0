"""The routes of the garbage collector, a class each: read the request, call the domain, write the answer."""

import falcon
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bokeh_common.http.auth import OPEN, Access
from bokeh_common.http.body import read_body
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, link_next, page_of
from bokeh_gc import api
from bokeh_gc.collector import Collector, RunReport
from bokeh_gc.metrics import exposition
from bokeh_gc.records import Records

COLLECT = Access("gc:run")
MAX_BODY = 1024  # bytes


class Orphans:
    """`GET /{user}/gc/orphans`."""

    access = {"GET": COLLECT}
    describe = {
        "GET": Operation(
            {200: Answer(api.OrphanPage, headers=("Link",))},
            query=Paging,
            details="What was used within the grace time of the server is left out: it may be part of a "
            "publication that is under way. Chunks may be shared with other accounts; those that others use "
            "are no orphans, and only the account's `upload` of them is.",
        )
    }

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List what nothing refers to: ids, kinds, bytes, age, and why."""
        after, limit = page_of(req)
        orphans = self._collector.orphans(user, after, limit)
        resp.media = {"orphans": orphans}
        if len(orphans) == limit:
            link_next(req, resp, orphans[-1]["id"], limit)


class Runs:
    """`POST /{user}/gc/run`."""

    access = {"POST": COLLECT}
    describe = {
        "POST": Operation(
            {200: RunReport},
            body=api.Run,
            problems=("conflict",),
            example={"dry_run": True},
            details="With `dry_run`, nothing is deleted, and the answer tells what would be.",
        )
    }

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Delete what nothing refers to, and report what was freed."""
        asked = read_body(req, MAX_BODY, api.Run)
        resp.media = self._collector.run(user, asked.dry_run)


class Metrics:
    """`GET /metrics`."""

    access = {"GET": OPEN}

    def __init__(self, records: Records) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send what the last run did, in the text format of Prometheus."""
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = exposition(self._records)
