"""The guard of a server without keys: only this machine's own pages and programs may talk to it.

A key-less server trusts whoever reaches it, and a browser on this machine reaches it for every site that is
open in it. So `Host` must be a loopback name (against DNS rebinding), and a request that another site made,
which its `Origin` tells, is refused unless it carries a token of its own. Frames in a sandbox count as other
sites (their origin is "null"), so the files that they are made of have to be open.

An operator may open it to a network that they trust. `Host` must then be an address in digits, which no site
can be made to have, or a name that the operator gave.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from bokeh_common.http.gateway import refuse

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?", re.ASCII | re.IGNORECASE)


_NEAR = "This server has no keys, so it answers to localhost only. Open it as http://localhost."
_FAR = "This server has no keys, so it answers to its own names only; BOKEH_CLOUD_ALLOWED_HOSTS lists them."


class LoopbackOnly:
    """WSGI middleware around the whole cloud."""

    def __init__(
        self, app: WSGIApplication, open_paths: str, remote: bool = False, names: Collection[str] = ()
    ) -> None:
        """Guard an app.

        Args:
            app: what is guarded.
            open_paths: a regular expression that matches, whole, the paths that are open to other sites.
            remote: whether other machines may use the server.
            names: what it is called by them, besides addresses in digits.
        """
        self._app = app
        self._open = re.compile(open_paths)
        self._remote = remote
        self._names = {name.lower() for name in names}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, or answer 403."""
        host = environ.get("HTTP_HOST", "")
        name = _HOST.fullmatch(host)
        if name is None or not self._is_own(name[1].strip("[]")):
            detail = _FAR if self._remote else _NEAR
            return refuse(environ, start_response, "403 Forbidden", "not-loopback", detail)
        if self._foreign(environ, host):
            detail = "Another site may not use a server without keys through your browser."
            return refuse(environ, start_response, "403 Forbidden", "cross-site", detail)
        return self._app(environ, start_response)

    def _is_own(self, name: str) -> bool:
        return is_loopback(name) or (self._remote and (_is_address(name) or name.lower() in self._names))

    def _foreign(self, environ: dict[str, Any], host: str) -> bool:
        origin = environ.get("HTTP_ORIGIN")
        own = f"{environ.get('wsgi.url_scheme', 'http')}://{host}"
        harmless = environ.get("REQUEST_METHOD") == "OPTIONS" or "HTTP_AUTHORIZATION" in environ
        return origin not in {None, own} and not harmless and not self._open.fullmatch(environ["PATH_INFO"])


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own (RFC 6761 section 6.3; RFC 1122; RFC 4291)."""
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
