"""A path router for WSGI apps: what the gateway does in front of separate processes, said in Python.

It rewrites nothing (each service serves its full public path) and knows only public paths.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from bokeh_common.http.errors import PROBLEM, SAFE_HEADERS, problem


class Gateway:
    """Sends each request to the app of the first pattern that matches its path."""

    def __init__(self, routes: Sequence[tuple[str, WSGIApplication]]) -> None:
        """Set up the table.

        Args:
            routes: pairs of a regular expression, matched from the path's beginning to its end, and an app.
        """
        self._routes = [(re.compile(pattern), app) for pattern, app in routes]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer as PEP 3333 says; 404 where no pattern matches."""
        for pattern, app in self._routes:
            if pattern.fullmatch(environ.get("PATH_INFO", "")):
                return app(environ, start_response)
        detail = "There is nothing here. Check the address."
        return refuse(environ, start_response, "404 Not Found", "not-found", detail)


def refuse(
    environ: dict[str, Any], start_response: StartResponse, status: str, slug: str, detail: str
) -> list[bytes]:
    """Answer with a problem, outside of falcon."""
    code, _, title = status.partition(" ")
    body = problem(int(code), slug, title, detail)
    length = ("Content-Length", str(len(body)))
    headers = [("Content-Type", PROBLEM), length, *SAFE_HEADERS.items(), ("Cache-Control", "no-store")]
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
