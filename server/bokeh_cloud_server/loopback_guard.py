"""The loopback guard: restricts a server without accounts to browsers and programs of this machine.

A server without accounts trusts all requests, and a browser on this machine can send it requests of every
site that is open in the browser. So `Host` must be a loopback name, which prevents DNS rebinding, and
requests of other sites, as shown by `Origin`, are rejected unless they have a token. Sandboxed frames have
the origin "null" and count as other sites, so the files that they load must be open.

An operator may allow access from a trusted network. `Host` must then be an IP address, which sites cannot use
for DNS rebinding, or a name that the operator has configured.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping

from bokeh_cloud_server.path_router import respond_with_problem
from bokeh_common.http.server.served_app import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?", re.ASCII | re.IGNORECASE)


_LOOPBACK_ONLY = "This server has no accounts, so it is restricted to localhost. Open it as http://localhost."
_ALLOWED_ONLY = "This server has no accounts, so it is restricted to the hosts in BOKEH_CLOUD_ALLOWED_HOSTS."


class LoopbackGuard:
    """ASGI middleware around the app of the embedded cloud."""

    def __init__(
        self, app: ASGIApp, open_paths: str, remote: bool = False, names: Collection[str] = ()
    ) -> None:
        """Guard an app.

        Args:
            app: the app.
            open_paths: a regular expression for paths that requests of other sites may access.
            remote: whether other machines may use the server.
            names: the names of the server, which other machines may use besides its IP addresses.
        """
        self._app = app
        self._open = re.compile(open_paths)
        self._remote = remote
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 403."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            match = _HOST.fullmatch(host)
            if match is None or not self._is_allowed(match[1].strip("[]")):
                detail = _ALLOWED_ONLY if self._remote else _LOOPBACK_ONLY
                await respond_with_problem(scope, send, 403, "not-loopback", detail)
                return
            if self._is_cross_site(scope, headers, host):
                detail = "Another site may not use a server without accounts through your browser."
                await respond_with_problem(scope, send, 403, "cross-site", detail)
                return
        await self._app(scope, receive, send)

    def _is_allowed(self, name: str) -> bool:
        return is_loopback(name) or (self._remote and (_is_address(name) or name.lower() in self._names))

    def _is_cross_site(self, scope: Scope, headers: Mapping[bytes, bytes], host: str) -> bool:
        origin = headers.get(b"origin")
        own = f"{scope['scheme']}://{host}".encode("latin-1")
        harmless = scope["method"] == "OPTIONS" or b"authorization" in headers
        return origin not in {None, own} and not harmless and not self._open.fullmatch(scope["path"])


def is_loopback(name: str) -> bool:
    """Return whether a host name or address is a loopback one (RFC 6761, 6.3; RFC 1122; RFC 4291)."""
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
