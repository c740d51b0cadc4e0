"""The transport by which a service calls another one over HTTP."""

import httpx


class ServiceTransport(httpx.AsyncHTTPTransport):
    """HTTP/1.1 without proxies; connections that end while they are established are errors of httpx."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the response.

        Raises:
            httpx.TransportError: the service cannot be reached, or does not respond.
        """
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            # anyio asks a closed socket for its peer, if the process at the other end was killed.
            if error.name != "getpeername":
                raise
            raise httpx.ConnectError("the connection ended at once", request=request) from error
