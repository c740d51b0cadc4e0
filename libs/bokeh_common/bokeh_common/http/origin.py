"""The network address that a request comes from, also where services ask each other on the way.

The service that the client reached knows it from its connection, or from our proxy's header. It goes on to
those that are asked for that request, which believe it of services alone.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token

import falcon

#: Carries the address from service to service.
ORIGIN_HEADER = "Bokeh-Cloud-Origin"

#: That of the request which this thread works on; empty between requests.
ORIGIN: ContextVar[str] = ContextVar("origin", default="")


def is_internal(req: falcon.Request) -> bool:
    """Whether the gateway does not know the path: then it is a service that asks."""
    return req.path.startswith("/internal/")


class Origins:
    """Falcon middleware: sets `req.context.origin`, and `ORIGIN` for what is asked of others meanwhile."""

    def __init__(self, proxied: bool = False, trusts: Callable[[falcon.Request], bool] = is_internal) -> None:
        """Say whom to believe.

        Args:
            proxied: whether a proxy of ours is in front: it puts the address last into `X-Forwarded-For`.
            trusts: whether a service asks, which says for whom.
        """
        self._proxied = proxied
        self._trusts = trusts

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Find out where the request comes from."""
        req.context.origin = self._origin(req)
        req.context.origin_before = ORIGIN.set(req.context.origin)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, ok: bool
    ) -> None:
        """Forget it; in one process a request can be part of another one, which goes on."""
        before: Token[str] | None = getattr(req.context, "origin_before", None)
        if before is not None:
            ORIGIN.reset(before)

    def _origin(self, req: falcon.Request) -> str:
        told = req.get_header(ORIGIN_HEADER)
        if told and self._trusts(req):
            return told
        forwarded = (req.get_header("X-Forwarded-For") or "").rpartition(",")[2].strip()
        return forwarded if self._proxied and forwarded else req.remote_addr or ""
