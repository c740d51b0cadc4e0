"""The session cookie, and the protection of forms against cross-site requests.

Only this service reads the cookie. It passes the session on to other services as a bearer token. They
therefore treat browsers and programs alike, and a request that another site has forged cannot reach them.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from falcon.asgi import Request, Response

from bokeh_common.errors import Forbidden
from bokeh_web.security.next_path import is_local_path

SESSION = re.compile(r"bkc_[0-9A-Za-z]{38}")
BROWSER = re.compile(r"bkb_[\w.-]{40,400}", re.ASCII)
SHARE_LINK = re.compile(r"bkl_[0-9A-Za-z]{38}")
DEFAULT_PORTS = {"http": 80, "https": 443}
LIFETIME_SECONDS = 14 * 24 * 3600
BROWSER_SECONDS = 365 * 24 * 3600
NEXT_SECONDS = 3600

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SessionCookie:
    """Sets, reads and clears the session cookie, and checks where forms come from."""

    def __init__(self, public_url: str, accounts: bool = True) -> None:
        """Choose the cookie's name and attributes.

        Args:
            public_url: the URL that browsers use; if it is https, the cookie is sent over https only.
            accounts: whether there are accounts. A server without accounts can be opened under several
                addresses, all of this machine; forms are then accepted from the address at which their page
                was opened.
        """
        parts = urlsplit(public_url)
        self._accounts = accounts
        is_default_port = parts.port in {None, DEFAULT_PORTS.get(parts.scheme)}
        # As browsers serialize it (RFC 6454, 6.2): in lower case, without the scheme's default port.
        self._origin = f"{parts.scheme}://{parts.hostname}" + ("" if is_default_port else f":{parts.port}")
        self._secure = parts.scheme == "https"
        # Browsers accept `__Host-` only from this very host over https, so a sibling domain cannot set this
        # cookie (RFC 6265bis).
        self._name = "__Host-bokeh_cloud" if self._secure else "bokeh_cloud"
        self._browser_name = f"{self._name}_browser"
        self._next_name = f"{self._name}_next"

    def read(self, req: Request) -> str | None:
        """Return the session token; None if there is none, or if it is malformed."""
        token = req.cookies.get(self._name) or ""
        return token if SESSION.fullmatch(token) else None

    def write(self, resp: Response, token: str) -> None:
        """Store the session in the browser."""
        self._set(resp, self._name, token, max_age=LIFETIME_SECONDS)

    def read_browser(self, req: Request) -> str | None:
        """Return the token of a remembered browser; None if there is none, or if it is malformed."""
        token = req.cookies.get(self._browser_name) or ""
        return token if BROWSER.fullmatch(token) else None

    def write_browser(self, resp: Response, token: str) -> None:
        """Let the browser be remembered; it stays so after a logout."""
        self._set(resp, self._browser_name, token, max_age=BROWSER_SECONDS)

    def read_next(self, req: Request) -> str:
        """Return the path to which a login leads in this browser; empty if there is none."""
        path = req.cookies.get(self._next_name) or ""
        return path if is_local_path(path) else ""

    def write_next(self, req: Request, resp: Response, path: str) -> None:
        """Store the path to which the next login leads; an empty one removes what an earlier form stored.

        It is not part of the link in the email: anyone can request one for another person's address, and
        would choose the page at which that person arrives.
        """
        if path:
            self._set(resp, self._next_name, path, max_age=NEXT_SECONDS)
        elif self._next_name in req.cookies:
            self._remove(resp, self._next_name)

    def clear(self, resp: Response) -> None:
        """Remove the session from the browser."""
        self._remove(resp, self._name)

    def forget(self, resp: Response) -> None:
        """Remove everything from the browser, as of a person who has left."""
        for name in (self._name, self._browser_name, self._next_name):
            self._remove(resp, name)

    def _remove(self, resp: Response, name: str) -> None:
        # Falcon's `unset_cookie` lets it expire a second ago: browsers correct that by the `Date` of the
        # response, and may keep it. It also leaves out `Secure`, and names with a prefix require that.
        self._set(resp, name, "", expires=_EPOCH)

    def origin(self, req: Request) -> str:
        """Return the origin of this cloud's pages, as the visitor's browser knows it."""
        return self._origin if self._accounts else f"{req.scheme}://{req.netloc}"

    def require_same_origin(self, req: Request) -> None:
        """Reject requests of other sites' pages. Programs send neither header, and are let through.

        Raises:
            Forbidden: the request comes from another site.
        """
        origin, site, own = req.get_header("Origin"), req.get_header("Sec-Fetch-Site"), self.origin(req)
        if origin not in {None, own} or site not in {None, "same-origin", "none"}:
            detail = f"This form can only be sent from {own}. Open the page there."
            raise Forbidden(detail, slug="cross-site")

    def require_form_token(self, req: Request, token: str) -> None:
        """Reject forms that do not come from a page that was made for this session.

        Raises:
            Forbidden: the form comes from another site, or carries the token of another session.
        """
        self.require_same_origin(req)
        expected = form_token(self.read(req))
        if not hmac.compare_digest(expected.encode(), token.encode()):
            raise Forbidden("This page is out of date. Reload it.", slug="cross-site")

    def _set(self, resp: Response, name: str, token: str, **lifetime: Any) -> None:
        resp.set_cookie(
            name, token, path="/", secure=self._secure, http_only=True, same_site="Lax", **lifetime
        )


class SessionMiddleware:
    """Falcon middleware that authorizes requests with a share link or session cookie."""

    def __init__(self, cookie: SessionCookie) -> None:
        self._cookie = cookie

    async def process_request(self, req: Request, resp: Response) -> None:
        """Set `req.context.authorization` unless the request has an `Authorization` header."""
        token = share_token_of(req) or self._cookie.read(req)
        if token is not None and req.get_header("Authorization") is None:
            req.context.authorization = f"Bearer {token}"


def share_token_of(req: Request) -> str | None:
    """Return the share link's token (`?share=`), which is valid on the pages of a plot only."""
    found = (
        SHARE_LINK.fullmatch(req.get_param("share", default="")) if req.path.startswith("/plots/") else None
    )
    return found and found[0]


def form_token(session: str | None) -> str:
    """Return the token in the forms of a session: derived from the session, without revealing it."""
    return hmac.new((session or "").encode(), b"form", hashlib.sha256).hexdigest()
