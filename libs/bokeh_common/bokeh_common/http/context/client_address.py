"""The network address of the client, which is passed on when services call each other.

The service that the client is connected to knows it from the connection, or from the header of a trusted
proxy. It passes the address on in a header, which is trusted in requests of services only.
"""

from collections.abc import Callable

from falcon.asgi import Request, Response

from bokeh_common.http.context.client_network import CLIENT_ADDRESS

#: Contains the address in requests between services.
CLIENT_ADDRESS_HEADER = "Bokeh-Cloud-Origin"


def is_internal(req: Request) -> bool:
    """Return whether a request comes from a service, since the gateway does not route its path."""
    return req.path.startswith("/internal/")


class ClientAddressMiddleware:
    """Falcon middleware: sets `req.context.client_address` and `CLIENT_ADDRESS`."""

    def __init__(self, proxied: bool = False, trusts: Callable[[Request], bool] = is_internal) -> None:
        """Configure which addresses are trusted.

        Args:
            proxied: whether a proxy in front of the services appends the address to `X-Forwarded-For`.
            trusts: returns whether a request comes from a service.
        """
        self._proxied = proxied
        self._trusts = trusts

    async def process_request(self, req: Request, resp: Response) -> None:
        """Determine the address."""
        req.context.client_address = self._client_address(req)
        CLIENT_ADDRESS.set(req.context.client_address)

    def _client_address(self, req: Request) -> str:
        passed = req.get_header(CLIENT_ADDRESS_HEADER)
        if passed and self._trusts(req):
            return passed
        forwarded = (req.get_header("X-Forwarded-For") or "").rpartition(",")[2].strip()
        return forwarded if self._proxied and forwarded else req.remote_addr or ""
