"""Files that pages load: BokehJS, custom models, and this service's own."""

import re

import falcon

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import OPEN
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import immutable
from bokeh_web.assets import File
from bokeh_web.resources.base import Resource

FILE = Operation({200: Answer(bytes, ("text/javascript", "text/css", "image/svg+xml"))})

#: What ids of plots look like; whether there is one must not show here.
PLOT = re.compile("[a-z2-7]{16}")

#: A page that embeds a plot may keep the script for an hour: its address does not name its content.
SCRIPT_CACHE = "public, max-age=3600"
FOR_EVER = "public, max-age=31536000, immutable"


class Extension(Resource):
    """`GET /plots/{plot}/extensions/{name}.js`."""

    # A script element cannot send a token: who knows plot and hash has both from the frame.
    access = {"GET": OPEN}
    describe = {"GET": FILE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str, name: str) -> None:
        """Send the JavaScript of a custom model."""
        immutable(resp)
        resp.content_type = "text/javascript; charset=utf-8"
        resp.data = self._site.plots.extension(plot, name)


class BokehJSFile(Resource):
    """`GET /static/bokehjs/{version}/{name}`."""

    access = {"GET": OPEN}
    describe = {"GET": FILE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, version: str, name: str) -> None:
        """Send a file of BokehJS."""
        send(req, resp, self._site.bokehjs.read(version, name), FOR_EVER)


class OwnFile(Resource):
    """`GET /static/assets/{name}`."""

    access = {"GET": OPEN}
    describe = {"GET": FILE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Send a script, a style or a picture of this service."""
        send(req, resp, self._site.assets.read(req.path), FOR_EVER)


class EmbedScript(Resource):
    """`GET /plots/{plot}/embed.js`."""

    # It is the same for all plots: the frame that it makes is what asks who may see the plot.
    access = {"GET": OPEN}
    describe = {"GET": FILE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Send the script that puts a plot into somebody's page."""
        if not PLOT.fullmatch(plot):
            raise NotFound("This cannot be the address of a plot.")
        send(req, resp, self._site.assets.read(self._site.assets.address("embed.js")), SCRIPT_CACHE)


def send(req: falcon.Request, resp: falcon.Response, file: File, cache: str) -> None:
    """Answer with a file, compressed for those who take it."""
    resp.set_header("Cache-Control", cache)
    resp.set_header("Vary", "Accept-Encoding")
    resp.content_type = file.content_type
    zipped = "gzip" in (req.get_header("Accept-Encoding") or "")
    if zipped:
        resp.set_header("Content-Encoding", "gzip")
    resp.data = file.zipped if zipped else file.plain
