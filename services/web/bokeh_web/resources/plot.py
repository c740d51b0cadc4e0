"""The page of a plot, and the bare frame in which it runs."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

import falcon

from bokeh_common.http.auth import Principal
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_web.cookies import share_of
from bokeh_web.events import Listening, state_of
from bokeh_web.policy import NEIGHBOURS, SANDBOX, frame_permissions, frame_policy
from bokeh_web.resources.base import PAGE_AT_VERSION, SEE, Resource, key_of, version_of
from bokeh_web.resources.oembed import discovery
from bokeh_web.resources.plots import VISIBILITIES

DESCRIPTION = "An interactive plot by {user_id}."


class Show(Resource):
    """`GET /plots/{plot}/show`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE_AT_VERSION}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Show the page of a plot, with the plot in a frame."""
        self._page(req, resp, plot, None)

    def _page(
        self, req: falcon.Request, resp: falcon.Response, plot: str, made: dict[str, Any] | None
    ) -> None:
        view = self._site.plots.view(plot, version_of(req), key_of(req))
        user = self._site.pages.visitor(req)
        mine = user == view["user_id"]
        if not mine:
            self._site.views.note(plot)
        values = {
            "view": view,
            "mine": mine,
            "made": made,
            "sandbox": SANDBOX,
            "query": query_of(req),
            "share": share_of(req) or "",
            "discovery": discovery(self._server(req), view),
            "server": self._server(req),
            "visibilities": VISIBILITIES,
            "newest": view["versions"][0]["version"],
            "sources": self._site.plots.sources(view, key_of(req)),
            "shares": self._shares(req, view) if mine else [],
            "description": DESCRIPTION.format_map(view),
        }
        self._show(req, resp, "show.html", **values)

    def _shares(self, req: falcon.Request, view: dict[str, Any]) -> list[dict[str, Any]]:
        if not self._site.pages.accounts:
            return []
        return self._site.plots.shares(view["user_id"], view["id"], key_of(req))


class Embed(Resource):
    """`GET /plots/{plot}/embed`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE_AT_VERSION}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Show the bare frame: BokehJS, and a note for `frame.js` where the scene and the columns are."""
        view = self._site.plots.view(plot, version_of(req), key_of(req))
        around = _ancestors(view, req.context.principal, self._site.pages.accounts)
        # Versions that were published before the two were told apart have no "eval".
        policy = frame_policy(view.get("eval", view["code"]), view["image_hosts"], around)
        resp.set_header("Permissions-Policy", frame_permissions(view["code"]))
        chosen = self._site.bokehjs.choose(view["bokeh_version"])
        values = {"view": view, "chosen": chosen, "versions": self._site.bokehjs.versions}
        values["query"] = query_of(req)
        note = self._note(view, share_of(req), pinned=version_of(req) is not None)
        self._show(req, resp, "embed.html", policy=policy, note=note, **values)

    def _note(self, view: dict[str, Any], share: str | None, pinned: bool) -> dict[str, Any]:
        user, plot = view["user_id"], view["id"]
        # Without a version, live data come as they are at that moment.
        query = "" if view["live"] else f"?version={view['version']}"
        note = {
            "token": self._site.auth.view_token(user, plot, share),
            "scene": f"/{user}/plots/{plot}/scene{query}",
            "columns": f"/{user}/data/columns",
            "sizes": view["columns"],
            "title": view["title"],
            "live": view["live"],
            "refine": self._refine(view),
        }
        # A version that was asked for stays as it is.
        return note if pinned else note | {"events": f"/plots/{plot}/events", "state": state_of(view)}

    def _refine(self, view: dict[str, Any]) -> int:
        """Return from how many rows on columns may be drawn from windows; 0 where none is so long.

        What custom models do with their data is not known.
        """
        rows = self._site.refine_rows
        return rows if not view["extensions"] and max(view["columns"].values(), default=0) >= rows else 0


class Events(Resource):
    """`GET /plots/{plot}/events`."""

    access = {"GET": SEE}
    describe = {"GET": Operation({200: Answer(str, ("text/event-stream",))}, query=Listening)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Tell of new versions of a plot (`version`) and of changes of its live data (`data`).

        Where too many listen already, the answer has what changed since the last event, and when to
        ask again.
        """
        how = read_query(req, Listening)
        look = partial(self._site.plots.view, plot, None, key_of(req))
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        if req.method == "HEAD":
            look()
        else:
            since = how.since or req.get_header("Last-Event-ID")
            resp.stream = self._site.streams.open(look, since, how.wait)


def query_of(req: falcon.Request) -> str:
    """Return what the page of a plot was asked for, to be asked for again: version and share link."""
    given = {name: req.get_param(name) for name in ("version", "share") if req.get_param(name)}
    return f"?{urlencode(given)}" if given else ""


def _ancestors(view: dict[str, Any], principal: Principal, accounts: bool) -> tuple[str, ...]:
    """Return the sites that may embed a plot: those of its share link; any, where it is open to all.

    A server without accounts is its own machine's, and so are the notebooks there.
    """
    if principal.only is not None:
        return principal.origins or ("*",)
    if view["visibility"] != "private":
        return ("*",)
    return () if accounts else NEIGHBOURS
