"""The browser's session: a cookie, and what keeps other sites from using it.

Only this service ever looks at the cookie. It goes on to the other services as a bearer token, in the name of
the person who signed in, so what they see is the same for browsers and programs, and none of them can be
reached by a request that another site forged.
"""

import hashlib
import hmac
import re
from typing import Any
from urllib.parse import urlsplit

import falcon

from bokeh_common.errors import Forbidden

SESSION = re.compile(r"bkc_[0-9A-Za-z]{38}")
SHARE = re.compile(r"bkl_[0-9A-Za-z]{38}")
PORTS = {"http": 80, "https": 443}
LIFETIME_SECONDS = 14 * 24 * 3600


class Cookies:
    """Sets, reads and clears the cookie of a cloud at one address."""

    def __init__(self, public_url: str, accounts: bool = True) -> None:
        """Put it together.

        Args:
            public_url: the address that browsers know; over https the cookie never travels without it.
            accounts: whether there is somebody to sign in. A server without keys has several addresses, all
                of them this machine's own: a form then comes back to the one where its page was opened.
        """
        parts = urlsplit(public_url)
        self._accounts = accounts
        standard = parts.port in {None, PORTS.get(parts.scheme)}
        # As browsers write it (RFC 6454, 6.2): in lower case, without the port that the scheme implies.
        self._origin = f"{parts.scheme}://{parts.hostname}" + ("" if standard else f":{parts.port}")
        self._secure = parts.scheme == "https"
        # A browser takes `__Host-` from this very host over https only, so no neighbour can plant one (RFC
        # 6265bis).
        self._name = "__Host-bokeh_cloud" if self._secure else "bokeh_cloud"

    def session(self, req: falcon.Request) -> str | None:
        """Return the token of the browser's session."""
        token = req.cookies.get(self._name) or ""
        return token if SESSION.fullmatch(token) else None

    def keep(self, resp: falcon.Response, token: str) -> None:
        """Let the browser keep the session."""
        resp.set_cookie(
            self._name,
            token,
            max_age=LIFETIME_SECONDS,
            path="/",
            secure=self._secure,
            http_only=True,
            same_site="Lax",
        )

    def clear(self, resp: falcon.Response) -> None:
        """Let the browser forget the session."""
        resp.unset_cookie(self._name, path="/", same_site="Lax")

    def origin(self, req: falcon.Request) -> str:
        """Return the origin of our pages, as the visitor's browser knows it."""
        return self._origin if self._accounts else f"{req.scheme}://{req.netloc}"

    def demand_own_site(self, req: falcon.Request) -> None:
        """Refuse what a page of another site sends; programs, which are no browser, send neither header."""
        origin, site, own = req.get_header("Origin"), req.get_header("Sec-Fetch-Site"), self.origin(req)
        if origin not in {None, own} or site not in {None, "same-origin", "none"}:
            detail = f"This form can be sent from {own} alone; open the page there."
            raise Forbidden(detail, slug="cross-site")

    def demand_form(self, req: falcon.Request, form: dict[str, Any]) -> None:
        """Refuse a form that was not on a page made for this session."""
        self.demand_own_site(req)
        expected, given = form_token(self.session(req)), str(form.get("form_token", ""))
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise Forbidden("This page is out of date; load it again.", slug="cross-site")


class SignedIn:
    """Falcon middleware: a share link, or the cookie of a session, counts as its token."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Put the token where every service expects it; a key that is sent goes first."""
        token = share_of(req) or self._cookies.session(req)
        if token is not None and req.get_header("Authorization") is None:
            req.env["HTTP_AUTHORIZATION"] = f"Bearer {token}"


def share_of(req: falcon.Request) -> str | None:
    """Return the token of a share link; it opens the pages of one plot, so it is looked for there alone."""
    found = SHARE.fullmatch(req.get_param("share", default="")) if req.path.startswith("/plots/") else None
    return found and found[0]


def form_token(session: str | None) -> str:
    """Return what the forms of this session carry; it tells nothing of the session, and fits no other."""
    return hmac.new((session or "").encode(), b"form", hashlib.sha256).hexdigest()
