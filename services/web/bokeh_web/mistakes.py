"""Errors as pages, for those who read pages; programs get the problem as from every service."""

import json
import re
from http import HTTPStatus
from typing import Any

import falcon

from bokeh_common.http.app import App
from bokeh_common.http.errors import PROBLEM
from bokeh_web.cookies import Cookies, share_of
from bokeh_web.pages import Pages
from bokeh_web.policy import FRAME_MISTAKE, headers

NOTHING = "Check the address. It may have been mistyped, or what was here has been deleted."

#: The same for both: whether there is such a plot is its owner's affair.
PRIVATE = (
    "Its owner keeps it to themselves, or has deleted it, or the address was mistyped. "
    "If somebody sent it to you, ask them for a share link."
)
PLOT = re.compile(r"/plots/[^/]+/(show|embed)")


def show_mistakes(app: App, pages: Pages, cookies: Cookies) -> None:
    """Add the middleware that turns problems into pages."""
    app.add_middleware(_Mistakes(pages, cookies))


class SecurityHeaders:
    """Falcon middleware: what no page should lack, also where nothing was found."""

    def __init__(self, public_url: str) -> None:
        self._headers = headers(public_url)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """Add them, where the resource has not said it more strictly."""
        for name, value in self._headers.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class _Mistakes:
    def __init__(self, pages: Pages, cookies: Cookies) -> None:
        self._pages = pages
        self._cookies = cookies

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """Replace a problem by its page when a browser navigates."""
        if resp.content_type != PROBLEM or not resp.data or "text/html" not in req.accept:
            return
        problem = json.loads(resp.data)
        resp.data = None
        if problem["status"] == HTTPStatus.UNAUTHORIZED and self._ended(req):
            self._forget(req, resp)
        elif req.path.startswith("/plots/") and req.path.endswith("/embed"):
            self._pages.show(req, resp, "frame-mistake.html", FRAME_MISTAKE, **_words(req, problem))
        else:
            signed_out = problem["status"] == HTTPStatus.UNAUTHORIZED and share_of(req) is None
            template = "login.html" if signed_out and self._pages.accounts else "mistake.html"
            self._pages.show(req, resp, template, **_words(req, problem))

    def _ended(self, req: falcon.Request) -> bool:
        """Whether the cookie is of a session that has ended: what is open to all is open there too."""
        reads = req.method in {"GET", "HEAD"}
        return reads and self._cookies.session(req) is not None and share_of(req) is None

    def _forget(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._cookies.clear(resp)
        resp.status = falcon.HTTP_303
        resp.location = self._cookies.origin(req) + req.relative_uri  # absolute: a path may begin with //
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = ""
        resp.set_header("Cache-Control", "no-store")


def _words(req: falcon.Request, problem: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of a problem."""
    if problem["status"] == HTTPStatus.UNAUTHORIZED and share_of(req) is not None:
        title = "This link does not work any more"
        detail = "It has expired, or its owner has withdrawn it. Ask whoever sent it to you for a new one."
        return {"problem": problem, "title": title, "detail": detail}
    if problem["status"] == HTTPStatus.NOT_FOUND and PLOT.fullmatch(req.path):
        return {"problem": problem, "title": "This plot is private, or gone", "detail": PRIVATE}
    if problem["status"] == HTTPStatus.NOT_FOUND and problem["title"] == HTTPStatus.NOT_FOUND.phrase:
        return {"problem": problem, "title": "There is nothing here", "detail": NOTHING}
    return {"problem": problem, "title": problem["title"], "detail": problem["detail"]}
