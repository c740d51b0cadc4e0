"""Error pages: browsers get a page for an error; programs get the same problem as from any other service."""

import json
import re
from http import HTTPStatus
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.errors import PROBLEM_MEDIA_TYPE
from bokeh_web.pages.renderer import PageRenderer
from bokeh_web.security.content_security_policy import FRAME_ERROR_POLICY
from bokeh_web.security.session_cookie import SessionCookie, share_token_of

NOT_FOUND = "Check the address. It may have a typo, or the page may have been deleted."

#: The same for private plots and plots that do not exist, so that it does not reveal which ones exist.
PRIVATE_PLOT = (
    "Its owner has made it private or deleted it, or the address has a typo. "
    "If someone sent you the address, ask them for a share link."
)
PLOT = re.compile(r"/plots/[^/]+/(show|embed)")


class ErrorPages:
    """Falcon middleware that replaces a problem by a page if a browser navigates."""

    def __init__(self, pages: PageRenderer, cookie: SessionCookie) -> None:
        self._pages = pages
        self._cookie = cookie

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Render the page, or send the browser to the same page without its expired session."""
        if resp.content_type != PROBLEM_MEDIA_TYPE or not resp.data or "text/html" not in req.accept:
            return
        problem = json.loads(resp.data)
        resp.data = None
        is_unauthorized = problem["status"] == HTTPStatus.UNAUTHORIZED
        if is_unauthorized and self._has_ended_session(req):
            self._log_out(req, resp)
        elif req.path.startswith("/plots/") and req.path.endswith("/embed"):
            values = _template_values(req, problem)
            await self._pages.respond(req, resp, "errors/frame_error.html", FRAME_ERROR_POLICY, **values)
        else:
            ask_to_log_in = is_unauthorized and share_token_of(req) is None and self._pages.accounts
            template = "login/login.html" if ask_to_log_in else "errors/error.html"
            await self._pages.respond(req, resp, template, **_template_values(req, problem))

    def _has_ended_session(self, req: Request) -> bool:
        """Return whether the cookie's session has ended, so that public pages can be shown without it."""
        is_read = req.method in {"GET", "HEAD"}
        return is_read and self._cookie.read(req) is not None and share_token_of(req) is None

    def _log_out(self, req: Request, resp: Response) -> None:
        self._cookie.clear(resp)
        resp.status = falcon.HTTP_303
        # Absolute, since a path that starts with // would lead to another host.
        resp.location = self._cookie.origin(req) + req.relative_uri
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = ""
        resp.set_header("Cache-Control", "no-store")


def _template_values(req: Request, problem: dict[str, Any]) -> dict[str, Any]:
    """Return the title and the explanation of a problem."""
    title, detail = problem["title"], problem["detail"]
    if problem["status"] == HTTPStatus.UNAUTHORIZED and share_token_of(req) is not None:
        title = "This link does not work any more"
        detail = "It has expired, or its owner has withdrawn it. Ask whoever sent it to you for a new one."
    elif problem["status"] == HTTPStatus.NOT_FOUND and PLOT.fullmatch(req.path):
        title, detail = "This plot is private, or gone", PRIVATE_PLOT
    elif problem["status"] == HTTPStatus.NOT_FOUND and title == HTTPStatus.NOT_FOUND.phrase:
        title, detail = "There is nothing here", NOT_FOUND
    return {"problem": problem, "title": title, "detail": detail, "next_path": ""}
