"""The public routes of the garbage collector: orphans and runs."""

from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.client.blocking_client import ServiceCallPool
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_body
from bokeh_common.http.responses import PageQuery, add_next_link, read_page_query
from bokeh_gc.collection.collector import Collector, RunReport
from bokeh_gc.resources import schemas

COLLECT = Access("gc:run")
MAX_BODY_BYTES = 1024
MAX_COLLECTORS = 4  # at the same time; other requests wait

#: Collectors wait for other services, which use the threads of `STORAGE`; so they have threads of their own.
COLLECTORS = ServiceCallPool("collector", lambda: MAX_COLLECTORS)


class Orphans:
    """`GET /{user}/gc/orphans`."""

    access = {"GET": COLLECT}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(schemas.OrphanPage, headers=("Link",))},
            query=PageQuery,
            details="Objects that were used within the grace period of the server are left out: they may be "
            "part of a publication in progress. Chunks may be shared with other accounts: a chunk that "
            "another account uses is not an orphan, only this account's `upload` of it is.",
        )
    }

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the objects to which nothing refers: id, kind, bytes, age and reason."""
        after, limit = read_page_query(req)
        orphans = await COLLECTORS.run(self._collector.orphans, user, after, limit)
        resp.media = {"orphans": orphans}
        if len(orphans) == limit:
            add_next_link(req, resp, orphans[-1]["id"], limit)


class CollectorRuns:
    """`POST /{user}/gc/run`."""

    access = {"POST": COLLECT}
    describe = {
        "POST": Operation(
            {200: RunReport},
            body=schemas.RunRequest,
            problems=("conflict",),
            example={"dry_run": True},
            details="With `dry_run` nothing is deleted, and the response reports what would be.",
        )
    }

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Delete the objects to which nothing refers, and report what was freed."""
        body = await read_body(req, MAX_BODY_BYTES, schemas.RunRequest)
        resp.media = await COLLECTORS.run(self._collector.run, user, body.dry_run)
