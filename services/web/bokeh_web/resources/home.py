"""The home page, the page of an account's public plots, and the operator's pages."""

import asyncio
from dataclasses import replace
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import authorization_of
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_web.pages.renderer import trusted
from bokeh_web.resources.base import EVERYONE, PAGE, WebResource
from bokeh_web.security.content_security_policy import DRAWING_SANDBOX

RECENT_PLOTS = 6

#: The data of a plot whose missing thumbnail the home page renders by itself.
MAX_RENDERED_BYTES = 4 << 20

#: The view counts of a plot that was never viewed.
NEVER_VIEWED = {"views": 0, "thumbnail": None, "pictured": None}


class HomePage(WebResource):
    """`GET /`."""

    access = {"GET": EVERYONE}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the newest plots, or how to publish the first one; to visitors, what this cloud is."""
        user, server = await self._domain.pages.visitor(req), self._server_url(req)
        if not user:
            await self._respond_with_page(req, resp, "landing.html", server=server)
            return
        plots, counts = await asyncio.gather(
            self._domain.plots.all(user, authorization_of(req)),
            self._domain.plots.view_counts(user, authorization_of(req)),
        )
        newest = sorted(plots, key=lambda plot: plot["modified"], reverse=True)[:RECENT_PLOTS]
        recent = [{**plot, **counts.get(plot["id"], NEVER_VIEWED)} for plot in newest]
        drawable = await asyncio.gather(*(self._is_drawable(plot, authorization_of(req)) for plot in recent))
        shown = [{**plot, "drawable": found} for plot, found in zip(recent, drawable, strict=True)]
        values = {
            "plots": shown,
            "count": len(plots),
            "server": server,
            "sandbox": DRAWING_SANDBOX,
            "adopter": None if plots else await self._adopter(user),
        }
        await self._respond_with_page(req, resp, "home.html", **values)

    async def _adopter(self, user: str) -> str | None:
        """Return the account that may take over plots that were made without accounts; None if none may."""
        check = self._domain.may_adopt
        return user if check is not None and await STORAGE.run(check) else None

    async def _is_drawable(self, plot: dict[str, Any], authorization: str | None) -> bool:
        """Return whether the page may render a missing thumbnail: the plot is small and contains no code."""
        if plot["thumbnail"] is not None or plot["size"] is None or plot["size"] > MAX_RENDERED_BYTES:
            return False
        try:
            return not (await self._domain.plots.view(plot["id"], None, authorization))["code"]
        except NotFound:  # deleted in the meantime
            return False


class ProfilePage(WebResource):
    """`GET /u/{name}`."""

    access = {"GET": EVERYONE}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Show the public plots of an account, without revealing whether one without any exists."""
        plots = await self._domain.plots.public(name)
        if not plots and name != await self._domain.pages.visitor(req):
            raise NotFound("There are no public plots here. Check the address.")
        newest = sorted(plots, key=lambda plot: plot["modified"], reverse=True)
        shown = [{**NEVER_VIEWED, **plot} for plot in newest]
        await self._respond_with_page(req, resp, "profile.html", name=name, plots=shown)


class OperatorPage(WebResource):
    """`GET /terms`, `/privacy` and `/imprint`."""

    access = {"GET": EVERYONE}
    describe = {"GET": replace(PAGE, problems=("not-found",))}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show a page that the operator has written."""
        page = self._domain.operator_pages.get(req.path.strip("/"))
        await self._respond_with_page(
            req, resp, "operator_page.html", title=page.title, body=trusted(page.html)
        )
