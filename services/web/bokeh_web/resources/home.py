"""The first page, the page of an account's public plots, and the operator's texts."""

from dataclasses import replace
from typing import Any

import falcon

from bokeh_common.errors import NotFound
from bokeh_web.pages import trusted
from bokeh_web.policy import SANDBOX
from bokeh_web.resources.base import ANYBODY, PAGE, Resource, key_of

RECENT = 6

DRAWN_BYTES = 4 << 20  # of the data of a plot whose picture the first page draws by itself


class Home(Resource):
    """`GET /`."""

    access = {"GET": ANYBODY}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what this is, or show the newest plots, or how to publish the first one."""
        user = self._site.pages.visitor(req)
        if not user:
            self._show(req, resp, "landing.html", server=self._server(req))
            return
        plots = self._site.plots.all(user, key_of(req))
        seen = self._site.plots.visits(user, key_of(req))
        newest = sorted(plots, key=lambda plot: plot["modified"], reverse=True)[:RECENT]
        recent = [{**plot, **seen.get(plot["id"], NOT_SEEN)} for plot in newest]
        for plot in recent:
            plot["drawable"] = self._is_drawable(plot, key_of(req))
        about = {"count": len(plots), "server": self._server(req), "sandbox": SANDBOX}
        self._show(req, resp, "home.html", plots=recent, **about)

    def _is_drawable(self, plot: dict[str, Any], key: str | None) -> bool:
        """Whether the page may draw the picture that a plot lacks: it is small, and has no code in it."""
        if plot["thumbnail"] is not None or plot["size"] is None or plot["size"] > DRAWN_BYTES:
            return False
        try:
            return not self._site.plots.view(plot["id"], None, key)["code"]
        except NotFound:  # deleted meanwhile
            return False


class Profile(Resource):
    """`GET /u/{name}`."""

    access = {"GET": ANYBODY}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show what an account shows to everybody; whether it exists without any of that, nobody is told."""
        plots = self._site.plots.public(name)
        if not plots and name != self._site.pages.visitor(req):
            raise NotFound("There is nothing here that is open to all. Check the address.")
        newest = sorted(plots, key=lambda plot: plot["modified"], reverse=True)
        shown = [{**NOT_SEEN, **plot} for plot in newest]
        self._show(req, resp, "profile.html", name=name, plots=shown)


class OperatorsText(Resource):
    """`GET /terms`, `/privacy` and `/imprint`."""

    access = {"GET": ANYBODY}
    describe = {"GET": replace(PAGE, problems=("not-found",))}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show a page that the operator has written."""
        text = self._site.texts.get(req.path.strip("/"))
        self._show(req, resp, "text.html", title=text.title, body=trusted(text.html))


#: What is known of a plot that nobody has seen yet.
NOT_SEEN = {"views": 0, "thumbnail": None, "pictured": None}
