"""oEmbed (oembed.com): other sites ask here how to show a plot whose address they were given."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

import falcon
import msgspec
from markupsafe import Markup
from msgspec import Meta

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import OPEN
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Operation
from bokeh_web.policy import SANDBOX
from bokeh_web.resources.base import Resource

WIDTH, HEIGHT = 800, 600


class Question(msgspec.Struct):
    """What is to be embedded, and how large it may be, in pixels."""

    url: Annotated[str, Meta(description="Address of the page of a plot.")]
    maxwidth: Annotated[int, Meta(ge=1)] = WIDTH
    maxheight: Annotated[int, Meta(ge=1)] = HEIGHT
    format: Annotated[str, Meta(description="'json'; nothing else is offered.")] = "json"


ADDRESS = re.compile(r"/plots/([a-z2-7]{16})/(show|embed)")
ANSWER = Operation({200: dict[str, Any]}, query=Question, problems=("not-found", "not-implemented"))

FRAME = Markup(
    '<iframe src="{source}" title="{title}" width="{width}" height="{height}" sandbox="{sandbox}"'
    ' loading="lazy" allowfullscreen></iframe>'
)


class OEmbed(Resource):
    """`GET /oembed?url=`."""

    access = {"GET": OPEN}
    describe = {"GET": ANSWER}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say how to embed a plot that is open to whoever knows its address."""
        asked = read_query(req, Question)
        if asked.format != "json":
            raise falcon.HTTPNotImplemented(description="Only JSON is offered.")
        plot = self._plot_of(req, asked.url)
        # Asked without a key: what a stranger may see, and nothing that the visitor alone may see.
        view = self._site.plots.view(plot, None, None)
        resp.set_header("Cache-Control", "public, max-age=300")
        resp.media = self._answer(req, view, asked)

    def _plot_of(self, req: falcon.Request, url: str) -> str:
        server = self._server(req)
        address = url.partition("#")[0].partition("?")[0]
        found = ADDRESS.fullmatch(address.removeprefix(server))
        if found is None or not address.startswith(server):
            raise NotFound("That is not the address of a plot of this cloud.")
        return found[1]

    def _answer(self, req: falcon.Request, view: dict[str, Any], asked: Question) -> dict[str, Any]:
        server = self._server(req)
        width, height = min(WIDTH, asked.maxwidth), min(HEIGHT, asked.maxheight)
        frame = FRAME.format(
            source=server + view["embed"], title=view["title"], width=width, height=height, sandbox=SANDBOX
        )
        answer = {
            "version": "1.0",
            "type": "rich",
            "provider_url": server,
            "title": view["title"],
            "author_name": view["user_id"],
            "html": frame,
            "width": width,
            "height": height,
        }
        if view["thumbnail"]:
            address = f"{server}/plots/{view['id']}/thumbnail.png"
            answer |= {"thumbnail_url": address, "thumbnail_width": 480, "thumbnail_height": 300}
        return answer


def discovery(server: str, view: dict[str, Any]) -> str:
    """Return the address that the page of a plot names for those who would embed it."""
    return f"{server}/oembed?{urlencode({'url': server + view['show'], 'format': 'json'})}"
