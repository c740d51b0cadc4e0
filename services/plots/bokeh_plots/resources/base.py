"""What the resources of this service have in common."""

import json
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.openapi.operations import ResponseSpec
from bokeh_common.http.request_body import read_body, read_query
from bokeh_common.http.responses import VersionQuery, idempotency_key, if_match
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE
from bokeh_plots.container import Domain
from bokeh_plots.plots.editing import WriteOptions
from bokeh_plots.plots.permissions import Reader, as_seen_by
from bokeh_plots.plots.plots import Plot, no_such_plot
from bokeh_plots.resources import schemas

#: A response with so many plots, columns and the like is written as JSON on the event loop.
MAX_ITEMS_ON_LOOP = 200

#: The maximum size of bodies that contain no document.
MAX_JSON_BYTES = 1 << 20

P = ParamSpec("P")
T = TypeVar("T")

READ = Access("plots:read")
SEE = Access("plots:read", allow_restricted=True, allow_visitors=True)
WRITE = Access("plots:write")
PUBLISH = Access("plots:write", rate_limit="uploads")

CHANGED_PLOT = ResponseSpec(schemas.Published, headers=("ETag", "Location"))


class PlotResource:
    """The base class of resources that concern plots."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def _body(self, req: Request, schema: type[T], limit: int = MAX_JSON_BYTES) -> T:
        """Return the body of a request, validated by its schema."""
        return await read_body(req, limit, schema)

    async def _find(self, req: Request, plot: str, owner: str | None) -> Plot:
        """Return a plot; see `_plot`."""
        return await STORAGE.run(self._plot, req, plot, owner)

    async def _on_plot(
        self,
        req: Request,
        plot: str,
        owner: str | None,
        function: Callable[Concatenate[Plot, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call a function with a plot, see `_plot`, and further arguments on a storage thread."""
        return await STORAGE.run(lambda: function(self._plot(req, plot, owner), *args, **kwargs))

    def _plot(self, req: Request, plot: str, owner: str | None = None) -> Plot:
        """Return a plot by its id, as the caller may see it; called on a thread.

        Args:
            req: the request.
            plot: the id.
            owner: the account in the path, if any, which must be the owner of the plot.

        Raises:
            NotFound: there is no such plot, or the caller may see no version of it.
        """
        found = as_seen_by(self._domain.plots.by_id(plot), reader_of(req))
        if owner not in {None, found.user_id}:
            raise no_such_plot()
        return found


def reader_of(req: Request) -> Reader:
    """Return who reads a plot."""
    principal = req.context.principal
    return Reader(principal.user_id, principal.only, principal.view, principal.history)


async def respond_with_json(resp: Response, value: object, items: int) -> None:
    """Respond with JSON, which is written on a thread if it has many items."""
    if items <= MAX_ITEMS_ON_LOOP:
        resp.media = value
    else:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = await COMPUTE.run(json_text, value)


def json_text(value: object) -> bytes:
    """Return JSON as falcon writes it."""
    return json.dumps(value, ensure_ascii=False).encode()


def respond_with_plot(resp: Response, plot: Plot, changed: bool = True, may_be_new: bool = True) -> None:
    """Respond with a plot that was changed or left unchanged; 201 if it was created."""
    is_new = may_be_new and changed and plot.latest.version == 1
    resp.status = falcon.HTTP_201 if is_new else falcon.HTTP_200
    resp.location = f"/{plot.user_id}/plots/{plot.id}"
    resp.etag = plot.tag
    resp.media = {**plot.summary, "unchanged": not changed}


def write_options(req: Request, must_be_new: bool = False) -> WriteOptions:
    """Return the conditions that the headers of a request state."""
    quota = req.context.principal.quota
    conditions = if_match(req), idempotency_key(req) or "", must_be_new
    return WriteOptions(*conditions, quota.get("plots"), quota.get("bytes"))


def requested_version(req: Request) -> int | None:
    """Return `?version=`; None for the newest."""
    return read_query(req, VersionQuery).version
