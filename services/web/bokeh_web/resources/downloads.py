"""Downloads of a plot: its data, and a page that needs no server, with BokehJS, the scene and all columns."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import falcon
from falcon.asgi import Request, Response
from markupsafe import escape

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import authorization_of
from bokeh_common.http.openapi.negotiation import require_acceptable
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.responses import VersionQuery
from bokeh_common.http.server.thread_pools import compute
from bokeh_web.bokehjs.versions import choose
from bokeh_web.pages.jinja_filters import file_name
from bokeh_web.resources.base import PAGE_AT_VERSION, SEE, WebResource, version_of
from bokeh_web.resources.data_sources import file_response
from bokeh_web.security.session_cookie import share_token_of

#: A script element must not contain what looks like its end (HTML, 4.12.1.3). Both are replaced by
#: equivalents.
SCRIPT_END = re.compile(rb"</(script)", re.IGNORECASE)
COMMENT_START = re.compile(rb"<!--")

#: A reference to a column. In strings, quotation marks are escaped.
COLUMN = re.compile(rb'"data":{"id":"([0-9a-f]{64})"}')

HEAD = """<!DOCTYPE html>
<html lang="en" data-state="loading">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
"""


class StandalonePage(WebResource):
    """`GET /plots/{plot}/download.html`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE_AT_VERSION}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Send a version of a plot as a page of its own, which needs no server."""
        view = await self._domain.plots.view(plot, version_of(req), authorization_of(req))
        version = choose(view["bokeh_version"], await self._domain.bokehjs.versions())
        if version is None:
            raise NotFound(f"This server has no BokehJS for plots of Bokeh {view['bokeh_version']}.")
        resp.content_type = falcon.MEDIA_HTML
        resp.downloadable_as = file_name(view["name"], ".html")
        # The file is to be saved. Should a browser open it here nevertheless, nothing in it runs.
        resp.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        token = await self._domain.auth.view_token(view, share_token_of(req))
        resp.stream = self._blocks(view, version, f"Bearer {token}")

    async def _blocks(
        self, view: dict[str, Any], version: str, authorization: str
    ) -> AsyncGenerator[bytes, None]:
        """Yield the page. Columns are read while it is sent, so that it may be larger than the memory."""
        assets = self._domain.assets
        style = assets.content("frame/frame.css").decode()
        yield HEAD.format(title=escape(view["title"]), style=style).encode()
        for bundle in view["bundles"]:
            yield await _script((await self._domain.bokehjs.read(version, f"{bundle}.min.js")).content)
        for name in view["extensions"]:
            yield await _script(await self._domain.plots.extension(view["id"], name))
        yield b"</head>\n<body>\n"
        # Live sources may have changed since `view`.
        scene = await self._domain.plots.scene(view, authorization)
        for column in await compute(len(scene), _columns_of, scene, view):
            yield b'<script type="text/plain" data-column="%s">' % column.encode()
            async with aclosing(self._domain.data.column(view["user_id"], column, authorization)) as blocks:
                async for block in blocks:
                    yield block
            yield b"</script>\n"
        yield b'<script type="application/json" id="scene">'
        yield scene.replace(b"<", b"\\u003c")
        yield b"</script>\n"
        note = json.dumps({"title": view["title"]}).replace("<", "\\u003c")
        yield f'<script type="application/json" id="note">{note}</script>\n'.encode()
        yield await _script(assets.content("frame/downloaded.js"))
        yield b"</body>\n</html>\n"


class PlotDataResource(WebResource):
    """`GET /plots/{plot}/data/{source}/{form}`."""

    access = {"GET": SEE}

    @property
    def describe(self) -> Mapping[str, Operation]:
        """The operation; its media types are those of the output formats, as far as they are known."""
        formats = self._domain.data.known_formats
        return {"GET": Operation({200: file_response(formats)}, query=VersionQuery)}

    async def on_get(self, req: Request, resp: Response, plot: str, source: str, form: str) -> None:
        """Send a data source of a plot as a file, with the rows that the plot shows."""
        view, formats = await asyncio.gather(
            self._domain.plots.view(plot, version_of(req), authorization_of(req)),
            self._domain.data.download_formats(),
        )
        require_acceptable(req, self.describe["GET"])
        used = view["sources"]
        sources = [item["id"] for item in used]
        if form not in formats or source not in sources:
            raise NotFound(
                f"This plot has no such data, or not in this format; there are {', '.join(formats)}."
            )
        token = await self._domain.auth.view_token(view, share_token_of(req))
        index = sources.index(source)
        # Without a version in the URL, and for visitors who see no history, live sources are sent as they are
        # at the moment.
        version = used[index].get("version") if version_of(req) and not view["live"] else None
        resp.stream = await self._domain.data.rows(view["user_id"], source, form, f"Bearer {token}", version)
        resp.content_type = formats[form].media_type
        number = f"-{index + 1}" if len(sources) > 1 else ""
        resp.downloadable_as = file_name(view["name"], f"{number}.{form}")


def _columns_of(scene: bytes, view: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the columns that a scene refers to, given as JSON without spaces."""
    if not view["live"]:
        return list(view["columns"])
    return list(dict.fromkeys(found.decode() for found in COLUMN.findall(scene)))


async def _script(text: bytes) -> bytes:
    """Return a script element."""
    return b"<script>" + await compute(len(text), _escape_script, text) + b"</script>\n"


def _escape_script(text: bytes) -> bytes:
    return COMMENT_START.sub(rb"<\\!--", SCRIPT_END.sub(rb"<\\/\1", text))
