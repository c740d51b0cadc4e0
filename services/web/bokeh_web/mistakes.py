"""Errors as pages, for those who read pages; programs get the problem as from every service."""

import json
from http import HTTPStatus
from typing import Any

import falcon

from bokeh_common.http.app import App
from bokeh_common.http.errors import PROBLEM
from bokeh_web.pages import Pages


def show_mistakes(app: App, pages: Pages) -> None:
    """Add the middleware that turns problems into pages."""
    app.add_middleware(_Mistakes(pages))


class _Mistakes:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """Replace a problem by its page when a browser navigates."""
        if resp.content_type == PROBLEM and resp.data and "text/html" in req.accept:
            problem = json.loads(resp.data)
            resp.data = None
            signed_out = problem["status"] == HTTPStatus.UNAUTHORIZED and self._pages.accounts
            self._pages.show(resp, "login.html" if signed_out else "mistake.html", problem=problem)
