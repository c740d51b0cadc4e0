"""The page of a plot, the frame in which the plot runs, and the events of its live updates."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from falcon.asgi import Request, Response

from bokeh_common.errors import Unavailable
from bokeh_common.http.auth.access import Principal, authorization_of
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_web.bokehjs.versions import choose
from bokeh_web.clients.data import DownloadFormat
from bokeh_web.live.event_streams import EventsQuery, Listener
from bokeh_web.pages.forms import redirect
from bokeh_web.resources.base import PAGE, PAGE_AT_VERSION, SEE, WebResource, version_of
from bokeh_web.resources.oembed import discovery_url
from bokeh_web.resources.plot_list import VISIBILITIES
from bokeh_web.security.content_security_policy import ANY_SITE, LOOPBACK_ORIGINS, SANDBOX, frame_policy
from bokeh_web.security.security_headers import frame_permissions
from bokeh_web.security.session_cookie import share_token_of

#: The header in which a browser says what it is going to show: a page, or a frame in a page.
DESTINATION = "Sec-Fetch-Dest"

DESCRIPTION = "An interactive plot by {user_id}."

EVENTS_DETAILS = """\
Server-sent events (WHATWG HTML, 9.2): `version` for a new version, `data` for new live data. The `id` of an
event is the state of the plot after it; send the last one as `since` or `Last-Event-ID` to receive what was
missed. The `data` of both is JSON with the `version` of the plot.

Events of live data also have `sources`, unless the scene has to be loaded again. Each item is a data source
that has changed, with the ids of its `models`, and its `position`: its version, its lineage (the version
since which rows were only appended, and dropped at the beginning), the end of its rows, counted since then,
and their number. `rows` has appended rows, from the number `start` on; ignore those that you have.
`patches` has values that differ from those of the version `since`, with the numbers of their `rows`.
`columns` has entries as in the scene, with new hashes. Values are a list `values`, or an array with `dtype`
and `data`, its bytes in base64.
"""


class ShowPlotPage(WebResource):
    """`GET /plots/{plot}/show`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE_AT_VERSION}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Show the page of a plot, with the plot in a frame."""
        await self._respond_with_plot(req, resp, plot, None)

    async def _respond_with_plot(
        self, req: Request, resp: Response, plot: str, created: dict[str, Any] | None
    ) -> None:
        """Respond with the page, which shows the share link that was just created, if there is one."""
        view, formats = await asyncio.gather(
            self._domain.plots.view(plot, version_of(req), authorization_of(req)), self._formats()
        )
        is_owner = await self._domain.pages.visitor(req) == view["user_id"]
        if not is_owner:
            self._domain.views.count(plot)
        server = self._server_url(req)
        values = {
            "view": view,
            "is_owner": is_owner,
            "created": created,
            "sandbox": SANDBOX,
            "query": query_of(req),
            "share": share_token_of(req) or "",
            "discovery": discovery_url(server, view),
            "server": server,
            "visibilities": VISIBILITIES,
            "newest": view["versions"][0]["version"],
            "sources": view["sources"],
            "formats": formats,
            "shares": await self._share_links(req, view) if is_owner else [],
            "description": view.get("description") or DESCRIPTION.format_map(view),
        }
        await self._respond_with_page(req, resp, "plots/page.html", **values)

    async def _formats(self) -> list[DownloadFormat]:
        """Return the formats of download links; none while the data service is unavailable."""
        with suppress(Unavailable):
            formats = await self._domain.data.download_formats()
            return [item for item in formats.values() if item.audience == "visitors"]
        return []

    async def _share_links(self, req: Request, view: dict[str, Any]) -> list[dict[str, Any]]:
        if not self._domain.settings.accounts:
            return []
        return await self._domain.plots.share_links(view["user_id"], view["id"], authorization_of(req))


class FramePage(WebResource):
    """`GET /plots/{plot}/embed`."""

    access = {"GET": SEE}
    describe = {
        "GET": replace(
            PAGE_AT_VERSION,
            responses={**PAGE.responses, 303: None},
            details="Browsers that open it as a page of its own are redirected to the page of the plot.",
        )
    }

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Show only the plot: BokehJS, and a note for `frame.js` with the URLs of scene and columns."""
        resp.append_header("Vary", DESTINATION)
        if req.get_header(DESTINATION) == "document":
            # By itself, it would be a page of this cloud that consists of what the author of the plot likes.
            redirect(resp, f"/plots/{plot}/show{query_of(req)}")
            return
        view = await self._domain.plots.view(plot, version_of(req), authorization_of(req))
        versions, token = await asyncio.gather(
            self._domain.bokehjs.versions(),
            self._domain.auth.view_token(view, share_token_of(req)),
        )
        ancestors = _ancestors(view, req.context.principal, self._domain.settings.accounts)
        # Versions that were published before `eval` was recorded have only `code`.
        policy = frame_policy(view.get("eval", view["code"]), view["image_hosts"], ancestors)
        resp.set_header("Permissions-Policy", frame_permissions(view["code"]))
        values = {
            "view": view,
            "chosen": choose(view["bokeh_version"], versions),
            "versions": versions,
            "query": query_of(req),
            "note": self._note(view, token, is_pinned=version_of(req) is not None),
        }
        await self._respond_with_page(req, resp, "plots/frame.html", policy=policy, **values)

    def _note(self, view: dict[str, Any], token: str, is_pinned: bool) -> dict[str, Any]:
        user, plot = view["user_id"], view["id"]
        # Without a version in the URL, the scene names the current columns of live sources.
        query = "" if view["live"] else f"?version={view['version']}"
        note = {
            "token": token,
            "scene": f"/{user}/plots/{plot}/scene{query}",
            "columns": f"/{user}/data/columns",
            "sizes": view["columns"],
            "title": view["title"],
            "live": view["live"],
            "refine": self._min_windowed_rows(view),
        }
        # A page of a particular version does not follow newer ones.
        return note if is_pinned else note | {"events": f"/plots/{plot}/events", "state": view["state"]}

    def _min_windowed_rows(self, view: dict[str, Any]) -> int:
        """Return from how many rows on columns may be rendered from windows; 0 if no column is that long.

        Plots with custom models are not rendered from windows, since these may need all rows.
        """
        rows = self._domain.settings.refine_rows
        return rows if not view["extensions"] and max(view["columns"].values(), default=0) >= rows else 0


class PlotEventsResource(WebResource):
    """`GET /plots/{plot}/events`."""

    access = {"GET": SEE}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(str, ("text/event-stream",))}, query=EventsQuery, details=EVENTS_DETAILS
        )
    }

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Stream new versions of a plot (`version`) and changes of its live data (`data`) as events."""
        query = read_query(req, EventsQuery)
        authorization, principal = authorization_of(req), req.context.principal
        check = partial(self._domain.plots.require_access, plot, authorization)
        is_pinned = principal.view is not None and principal.view.pinned
        listener = Listener(plot, check, authorization, principal.user_id, is_pinned)
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        since = query.since or req.get_header("Last-Event-ID")
        resp.stream = await self._domain.event_streams.open(listener, since, query.wait)


def query_of(req: Request) -> str:
    """Return the query string of links to the same version of the plot, with the same share link."""
    query = {"version": version_of(req), "share": share_token_of(req)}
    given = {name: value for name, value in query.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _ancestors(view: dict[str, Any], principal: Principal, accounts: bool) -> tuple[str, ...]:
    """Return the origins that may embed a plot: those of the share link, or any, if the plot is not private.

    A server without accounts belongs to its machine, as do the notebooks on it.
    """
    if principal.only is not None:
        return principal.origins or (ANY_SITE,)
    if view["visibility"] != "private":
        return (ANY_SITE,)
    return () if accounts else LOOPBACK_ORIGINS
