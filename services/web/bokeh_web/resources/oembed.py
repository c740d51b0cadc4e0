"""oEmbed (oembed.com): tells other sites how to embed a plot, given the URL of its page."""

import re
from typing import Any
from urllib.parse import urlencode

import falcon
from falcon.asgi import Request, Response
from markupsafe import Markup

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.request_body import read_query
from bokeh_web.resources.base import WebResource
from bokeh_web.resources.schemas import OEMBED_HEIGHT, OEMBED_WIDTH, OEmbedQuery
from bokeh_web.security.content_security_policy import SANDBOX

THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 480, 300

PLOT_PATH = re.compile(r"/plots/([a-z2-7]{16})/(show|embed)")

IFRAME = Markup(
    '<iframe src="{source}" title="{title}" width="{width}" height="{height}" sandbox="{sandbox}"'
    ' loading="lazy" allowfullscreen></iframe>'
)


class OEmbedResource(WebResource):
    """`GET /oembed?url=`."""

    access = {"GET": OPEN}
    describe = {
        "GET": Operation({200: dict[str, Any]}, query=OEmbedQuery, problems=("not-found", "not-implemented"))
    }

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return how to embed a plot that everyone with its URL may see."""
        query = read_query(req, OEmbedQuery)
        if query.format != "json":
            raise falcon.HTTPNotImplemented(description="Only JSON is offered.")
        plot = self._plot_of(req, query.url)
        try:
            # Without the visitor's credential, since other people are to see the plot.
            view = await self._domain.plots.view(plot, None, None)
        except NotFound:
            raise NotFound(
                "There is no such plot, or it is private. oEmbed describes plots whose visibility is 'link' "
                "or 'public'; a share link can be embedded by its own address."
            ) from None
        resp.set_header("Cache-Control", "public, max-age=300")
        resp.media = _response(self._server_url(req), view, query)

    def _plot_of(self, req: Request, url: str) -> str:
        server = self._server_url(req)
        page = url.partition("#")[0].partition("?")[0]
        found = PLOT_PATH.fullmatch(page.removeprefix(server))
        if found is None or not page.startswith(server):
            raise NotFound("This URL is not that of a plot of this cloud.")
        return found[1]


def _response(server: str, view: dict[str, Any], query: OEmbedQuery) -> dict[str, Any]:
    width, height = min(OEMBED_WIDTH, query.maxwidth), min(OEMBED_HEIGHT, query.maxheight)
    iframe = IFRAME.format(
        source=server + view["embed"], title=view["title"], width=width, height=height, sandbox=SANDBOX
    )
    response = {
        "version": "1.0",
        "type": "rich",
        "provider_url": server,
        "title": view["title"],
        "author_name": view["user_id"],
        "html": str(iframe),
        "width": width,
        "height": height,
    }
    if view["thumbnail"]:
        response |= {
            "thumbnail_url": f"{server}/plots/{view['id']}/thumbnail.png",
            "thumbnail_width": THUMBNAIL_WIDTH,
            "thumbnail_height": THUMBNAIL_HEIGHT,
        }
    return response


def discovery_url(server: str, view: dict[str, Any]) -> str:
    """Return the oEmbed URL that the page of a plot links to, for sites that embed it."""
    return f"{server}/oembed?{urlencode({'url': server + view['show'], 'format': 'json'})}"
