"""Files that pages load: BokehJS, the JavaScript of custom models, and this service's own assets."""

import re

from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.responses import set_immutable
from bokeh_web.pages.assets import StaticFile
from bokeh_web.resources.base import WebResource
from bokeh_web.security.security_headers import allow_any_page

FILE = Operation({200: ResponseSpec(bytes, ("text/javascript", "text/css", "image/svg+xml"))})

PLOT_ID = re.compile("[a-z2-7]{16}")

#: The URL of the embed script does not contain its hash, so it is cached for an hour only.
CACHE_AN_HOUR = "public, max-age=3600"
CACHE_FOREVER = "public, max-age=31536000, immutable"


class ExtensionScriptResource(WebResource):
    """`GET /plots/{plot}/extensions/{name}.js`."""

    # A script element cannot send a token. Only those who have opened the frame know both the plot and the
    # hash.
    access = {"GET": OPEN}
    describe = {"GET": FILE}

    async def on_get(self, req: Request, resp: Response, plot: str, name: str) -> None:
        """Send the JavaScript of a custom model."""
        set_immutable(resp)
        allow_any_page(resp)
        resp.content_type = "text/javascript; charset=utf-8"
        resp.data = await self._domain.plots.extension(plot, name)


class BokehJSResource(WebResource):
    """`GET /static/bokehjs/{version}/{name}`."""

    access = {"GET": OPEN}
    describe = {"GET": FILE}

    async def on_get(self, req: Request, resp: Response, version: str, name: str) -> None:
        """Send a file of BokehJS."""
        respond_with_file(req, resp, await self._domain.bokehjs.read(version, name), CACHE_FOREVER)


class AssetResource(WebResource):
    """`GET /static/assets/{name}`."""

    access = {"GET": OPEN}
    describe = {"GET": FILE}

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Send a script, a style sheet or an image of this service."""
        respond_with_file(req, resp, self._domain.assets.read(req.path), CACHE_FOREVER)


class EmbedScriptResource(WebResource):
    """`GET /plots/{plot}/embed.js`."""

    # The script is the same for all plots, so it does not reveal which ones exist. Access to the plot is
    # checked when the frame that the script inserts is loaded.
    access = {"GET": OPEN}
    describe = {"GET": FILE}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Send the script that embeds a plot in another site's page."""
        if not PLOT_ID.fullmatch(plot):
            raise NotFound("This cannot be the address of a plot.")
        assets = self._domain.assets
        respond_with_file(req, resp, assets.read(assets.url("site/embed.js")), CACHE_AN_HOUR)


def respond_with_file(req: Request, resp: Response, file: StaticFile, cache_control: str) -> None:
    """Respond with a file, compressed with gzip if the client accepts that."""
    allow_any_page(resp)
    resp.set_header("Cache-Control", cache_control)
    resp.set_header("Vary", "Accept-Encoding")
    resp.content_type = file.content_type
    resp.data = file.content
    if "gzip" in (req.get_header("Accept-Encoding") or ""):
        resp.set_header("Content-Encoding", "gzip")
        resp.data = file.gzipped
