"""The routes of the web service, a class each: read the request, ask the peers, show a page."""

from typing import Any
from urllib.parse import urlencode

import falcon

from bokeh_common.http.auth import OPEN, Access, Principal
from bokeh_common.http.replies import immutable
from bokeh_web.cookies import share_of
from bokeh_web.files import BokehJS, File, read_own
from bokeh_web.pages import Pages
from bokeh_web.peers import Auth, Plots
from bokeh_web.policy import SANDBOX, frame_policy

PLOTS_AT_HOME = 100

READ = Access("plots:read")

#: A plot of one's own, one that is open to all, or the one of a share link; the plots service decides.
SEE = Access("plots:read", bound=True, visitors=True)


class Resource:
    """What the resources of this service hold."""

    def __init__(self, pages: Pages, plots: Plots, auth: Auth, bokehjs: BokehJS) -> None:
        self._pages = pages
        self._plots = plots
        self._auth = auth
        self._bokehjs = bokehjs

    def _view(self, req: falcon.Request, plot: str) -> dict[str, Any]:
        return self._plots.view(plot, version_of(req), req.get_header("Authorization"))


class Home(Resource):
    """`GET /`."""

    access = {"GET": READ}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the account's plots, or how to publish the first one."""
        user = req.context.principal.user_id
        plots = self._plots.all(user, req.get_header("Authorization"))
        newest = sorted(plots, key=lambda plot: plot["modified"], reverse=True)[:PLOTS_AT_HOME]
        self._pages.show(resp, "home.html", plots=newest, count=len(plots), server=req.prefix)


class Show(Resource):
    """`GET /plots/{plot}/show`."""

    access = {"GET": SEE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Show the page of a plot, with the plot in a frame."""
        view = self._view(req, plot)
        given = {name: req.get_param(name) for name in ("version", "share") if req.get_param(name)}
        query = f"?{urlencode(given)}" if given else ""
        self._pages.show(resp, "show.html", view=view, frame=view["embed"] + query, sandbox=SANDBOX)


class Embed(Resource):
    """`GET /plots/{plot}/embed`."""

    access = {"GET": SEE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Show the bare frame: BokehJS, and a note for `frame.js` where the scene and the columns are."""
        view = self._view(req, plot)
        user, version = view["user_id"], view["version"]
        note = {
            "token": self._auth.view_token(user, plot, share_of(req)),
            "scene": f"/{user}/plots/{plot}/scene?version={version}",
            "columns": f"/{user}/data/columns",
            "sizes": view["columns"],
        }
        resp.set_header("Cache-Control", "no-store")  # the token is for this visitor
        policy = frame_policy(view["code"], view["image_hosts"], _ancestors(view, req.context.principal))
        known = self._bokehjs.has(view["bokeh_version"])
        values = {"view": view, "note": note, "known": known, "versions": self._bokehjs.versions}
        self._pages.show(resp, "embed.html", policy, **values)


class Extension(Resource):
    """`GET /plots/{plot}/extensions/{name}.js`."""

    access = {
        "GET": OPEN
    }  # a script element cannot send a token: who knows plot and hash has both from the frame

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str, name: str) -> None:
        """Send the JavaScript of a custom model."""
        immutable(resp)
        resp.content_type = "text/javascript; charset=utf-8"
        resp.data = self._plots.extension(plot, name)


class BokehJSFile(Resource):
    """`GET /static/bokehjs/{version}/{name}`."""

    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response, version: str, name: str) -> None:
        """Send a file of BokehJS."""
        send(req, resp, self._bokehjs.read(version, name))


class OwnFile(Resource):
    """`GET /static/assets/{name}`."""

    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Send a script or a style of this service."""
        send(req, resp, read_own(req.path))


def _ancestors(view: dict[str, Any], principal: Principal) -> tuple[str, ...]:
    """Return the sites that may embed a plot: those of its share link; any, where it is open to all."""
    if principal.only is not None:
        return principal.origins or ("*",)
    return ("*",) if view["visibility"] != "private" else ()


def send(req: falcon.Request, resp: falcon.Response, file: File) -> None:
    """Answer with a file that never changes, compressed for those who take it."""
    resp.set_header("Cache-Control", "public, max-age=31536000, immutable")
    resp.set_header("Vary", "Accept-Encoding")
    resp.content_type = file.content_type
    zipped = "gzip" in (req.get_header("Accept-Encoding") or "")
    if zipped:
        resp.set_header("Content-Encoding", "gzip")
    resp.data = file.zipped if zipped else file.plain


def version_of(req: falcon.Request) -> int | None:
    """Return `?version=`; None for the newest."""
    return req.get_param_as_int("version", min_value=1)
