"""Bounds how many requests of a process one client may have in progress, so that it cannot take all."""

import asyncio
import os
from collections import Counter
from contextvars import ContextVar
from ipaddress import ip_address

from falcon.asgi import Request, Response

from bokeh_common.environment import read_int
from bokeh_common.errors import TooManyRequests
from bokeh_common.http.context.client_address import is_internal
from bokeh_common.http.context.client_network import client_network

#: Requests, event streams included: an office may have hundreds of pages open behind one address.
DEFAULT_REQUESTS = 250

RETRY_SECONDS = 5

_IS_COUNTED: ContextVar[bool] = ContextVar("request is counted", default=False)


def client_requests() -> int:
    """Return the limit of each client (`BOKEH_CLOUD_CLIENT_REQUESTS`), 0 for none; raises `Invalid`."""
    return read_int(os.environ, "BOKEH_CLOUD_CLIENT_REQUESTS", DEFAULT_REQUESTS)


class ClientShareMiddleware:
    """Falcon middleware that counts the requests of each client until their responses have been sent.

    A client is an IPv4 address or an IPv6 network. The services of this process count together; a request
    between services belongs to the one that caused it. Clients on the machine itself are not limited: behind
    a proxy that is not announced by `BOKEH_CLOUD_PROXIED`, all clients seem to be there.
    """

    _in_progress: Counter[str] = Counter()  # by client, of all apps of the process

    def __init__(self, limit: int) -> None:
        """Allow each client `limit` requests at the same time; 0 for any number."""
        self._limit = limit

    async def process_request(self, req: Request, resp: Response) -> None:
        """Count a request; raises `TooManyRequests`, before the body is received."""
        task, client = asyncio.current_task(), client_network(req.context.client_address)
        if task is None or not self._limit or is_internal(req) or _IS_COUNTED.get() or _is_local(client):
            return
        if self._in_progress[client] >= self._limit:
            raise TooManyRequests(
                f"{self._limit} requests from your address are in progress, which is the maximum; "
                "wait until some of them are completed.",
                retry_after=RETRY_SECONDS,
            )
        self._in_progress[client] += 1
        _IS_COUNTED.set(True)
        task.add_done_callback(lambda _: self._release(client))

    def _release(self, client: str) -> None:
        self._in_progress[client] -= 1
        if not self._in_progress[client]:
            del self._in_progress[client]


def _is_local(client: str) -> bool:
    try:
        return ip_address(client).is_loopback
    except ValueError:  # an IPv6 network, the path of a socket, or nothing
        return not client
