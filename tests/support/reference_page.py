"""Bokeh's own page of a figure (`bokeh.embed.file_html`), which a published plot must look like."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bokeh.embed import file_html
from bokeh.resources import INLINE

from tests.gallery import Builder, as_document


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def do_GET(self) -> None:  # http.server's name
        """Send a file, or no content for the icon that browsers request by themselves."""
        if self.path == "/favicon.ico":
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class ReferenceSite:
    """A folder of HTML pages, served on loopback."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def write(self, name: str, html: str) -> str:
        """Write a page to the folder; return its URL."""
        (self.folder / f"{name}.html").write_text(html, encoding="utf-8")
        return f"{self.url}/{quote(name)}.html"

    def reference(self, name: str, builder: Builder) -> str:
        """Write Bokeh's own page of a figure; return its URL."""
        return self.write(name, reference_html(builder))


def reference_html(builder: Builder) -> str:
    """Return Bokeh's own page of a figure, with BokehJS inlined."""
    document = as_document(builder())
    return file_html(document, INLINE, title=document.title)


@contextmanager
def serve_folder(folder: Path) -> Iterator[ReferenceSite]:
    """Serve `folder` on a free port of loopback while the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SilentHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield ReferenceSite(folder, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
