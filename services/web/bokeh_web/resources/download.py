"""What one takes along of a plot: its data, and a page that needs no server: BokehJS, scene and columns."""

import json
import re
from collections.abc import Iterator
from typing import Any

import falcon
from markupsafe import escape

from bokeh_common.errors import NotFound
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import AtVersion
from bokeh_web.cookies import share_of
from bokeh_web.resources.base import PAGE_AT_VERSION, SEE, Resource, key_of, version_of
from bokeh_web.resources.data import FORMS
from bokeh_web.words import file_name

#: In a script element, nothing may look like the element's end (HTML, 4.12.1.3); each stands for the same.
CLOSING = re.compile(rb"</(script)", re.IGNORECASE)
COMMENT = re.compile(rb"<!--")

HEAD = """<!DOCTYPE html>
<html lang="en" data-state="loading">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
"""


class Page(Resource):
    """`GET /plots/{plot}/download.html`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE_AT_VERSION}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Send a version of a plot as a page of its own."""
        view = self._site.plots.view(plot, version_of(req), key_of(req))
        chosen = self._site.bokehjs.choose(view["bokeh_version"])
        if chosen is None:
            raise NotFound(f"This server has no BokehJS for a plot of Bokeh {view['bokeh_version']}.")
        resp.content_type = falcon.MEDIA_HTML
        resp.downloadable_as = file_name(view["name"], ".html")
        # It is a file to keep: nothing of it runs here, whatever a browser makes of it.
        resp.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        token = self._site.auth.view_token(view["user_id"], plot, share_of(req))
        resp.stream = self._blocks(view, chosen, f"Bearer {token}")

    def _blocks(self, view: dict[str, Any], chosen: str, key: str) -> Iterator[bytes]:
        """Yield the page; the columns are read as it is sent, so that it can be larger than the memory."""
        assets = self._site.assets
        style = assets.plain("frame.css").decode()
        yield HEAD.format(title=escape(view["title"]), style=style).encode()
        for bundle in view["bundles"]:
            yield _script(self._site.bokehjs.read(chosen, f"{bundle}.min.js").plain)
        for name in view["extensions"]:
            yield _script(self._site.plots.extension(view["id"], name))
        yield b"</head>\n<body>\n"
        for column in view["columns"]:
            yield b'<script type="text/plain" data-column="%s">' % column.encode()
            yield from self._site.data.column(view["user_id"], column, key)
            yield b"</script>\n"
        yield b'<script type="application/json" id="scene">'
        yield self._site.plots.scene(view, key).replace(b"<", b"\\u003c")
        yield b"</script>\n"
        note = json.dumps({"title": view["title"], "inline": True}).replace("<", "\\u003c")
        yield f'<script type="application/json" id="note">{note}</script>\n'.encode()
        yield _script(assets.plain("frame.js"))
        yield _script(assets.plain("look.js"))
        yield b"</body>\n</html>\n"


class Rows(Resource):
    """`GET /plots/{plot}/data/{source}/{form}`."""

    access = {"GET": SEE}
    describe = {"GET": Operation({200: Answer(bytes, tuple(FORMS.values()))}, query=AtVersion)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str, source: str, form: str) -> None:
        """Send a data source of a plot as a file, to whoever may see the plot: as the plot shows it."""
        view = self._site.plots.view(plot, version_of(req), key_of(req))
        used = self._site.plots.sources(view, key_of(req))
        sources = [item["id"] for item in used]
        if form not in FORMS or source not in sources:
            raise NotFound(f"This plot has no such data, or not in this form; there are {', '.join(FORMS)}.")
        token = self._site.auth.view_token(view["user_id"], plot, share_of(req))
        index = sources.index(source)
        # Without a version, live data come as they are at that moment.
        version = used[index].get("version") if version_of(req) else None
        resp.stream = self._site.data.rows(view["user_id"], source, form, f"Bearer {token}", version)
        resp.content_type = FORMS[form]
        number = f"-{index + 1}" if len(sources) > 1 else ""
        resp.downloadable_as = file_name(view["name"], f"{number}.{form}")


def _script(text: bytes) -> bytes:
    return b"<script>" + COMMENT.sub(rb"<\\!--", CLOSING.sub(rb"<\\/\1", text)) + b"</script>\n"
