"""The guard of a server without keys: only this machine's own pages and programs may talk to it.

A key-less server trusts whoever reaches it, and a browser on this machine reaches it for every site that is
open in it. So `Host` must be a loopback name (against DNS rebinding), and a request that another site made,
which its `Origin` tells, is refused unless it carries a token of its own. Frames in a sandbox count as other
sites (their origin is "null"), so the files that they are made of have to be open.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from bokeh_common.http.gateway import refuse

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?", re.ASCII | re.IGNORECASE)


class LoopbackOnly:
    """WSGI middleware around the whole cloud."""

    def __init__(self, app: WSGIApplication, open_paths: str) -> None:
        """Guard `app`, but for the paths that the regular expression `open_paths` matches from end to end."""
        self._app = app
        self._open = re.compile(open_paths)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, or answer 403."""
        host = environ.get("HTTP_HOST", "")
        name = _HOST.fullmatch(host)
        if name is None or not is_loopback(name[1].strip("[]")):
            detail = "This server has no keys, so it answers to localhost only. Open it as http://localhost."
            return refuse(start_response, "403 Forbidden", "not-loopback", detail)
        if self._foreign(environ, host):
            detail = "Another site may not use a server without keys through your browser."
            return refuse(start_response, "403 Forbidden", "cross-site", detail)
        return self._app(environ, start_response)

    def _foreign(self, environ: dict[str, Any], host: str) -> bool:
        origin = environ.get("HTTP_ORIGIN")
        own = f"{environ.get('wsgi.url_scheme', 'http')}://{host}"
        harmless = environ.get("REQUEST_METHOD") == "OPTIONS" or "HTTP_AUTHORIZATION" in environ
        return origin not in {None, own} and not harmless and not self._open.fullmatch(environ["PATH_INFO"])


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own (RFC 6761 section 6.3; RFC 1122; RFC 4291)."""
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
