"""The guide of the Python client."""

from dataclasses import replace

from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import OPEN
from bokeh_web.pages.guide import INDEX, localize
from bokeh_web.pages.renderer import trusted
from bokeh_web.resources.base import PAGE, WebResource

GUIDE = replace(PAGE, problems=("not-found",))


class GuidePageResource(WebResource):
    """`GET /docs/{page}`."""

    access = {"GET": OPEN}
    describe = {"GET": GUIDE}

    async def on_get(self, req: Request, resp: Response, page: str) -> None:
        """Show a page of the guide."""
        found, wheel = self._domain.guide.get(page), self._domain.client_wheel
        body = localize(found.html, f"{self._server_url(req)}{wheel.path}" if wheel else None)
        values = {"pages": self._domain.guide.pages, "title": found.title, "body": trusted(body)}
        await self._respond_with_page(req, resp, "docs/guide.html", **values)


class GuideIndexResource(GuidePageResource):
    """`GET /docs`."""

    access = {"GET": OPEN}
    describe = {"GET": GUIDE}

    async def on_get(self, req: Request, resp: Response) -> None:  # type: ignore[override]  # no page in the path
        """Show the first page of the guide."""
        await super().on_get(req, resp, INDEX)
