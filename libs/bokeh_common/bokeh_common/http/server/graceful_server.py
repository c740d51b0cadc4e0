"""A server that resets no connection when it stops.

When the last process closes a listening socket, the kernel resets the connections that it has established
but no process has accepted. A client that has sent a request on one of them cannot safely repeat it, since
a reset does not mean that the request was not received. `uvicorn.Server` closes its sockets without
accepting these connections.
"""

import asyncio
import socket
from contextlib import suppress

from uvicorn import Server

from bokeh_common.http.server.connection import BoundedConnection


class GracefulServer(Server):
    """Serves the first request of each connection that was established before its sockets were closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept all established connections, close the sockets, and wait for the responses."""
        accepted = [connection for listener in sockets or [] for connection in accept_queued(listener)]
        # It runs when `super().shutdown` first waits, after that has closed the sockets.
        serving = asyncio.gather(*map(self._serve_first, accepted))
        await super().shutdown(sockets)
        await serving

    async def _serve_first(self, connection: socket.socket) -> None:
        """Serve the first request of an accepted connection."""
        loop = asyncio.get_running_loop()
        protocol = BoundedConnection(self.config, self.server_state, self.lifespan.state)
        with suppress(OSError):  # the client has closed it
            await loop.connect_accepted_socket(lambda: protocol, connection)
            protocol.shutdown()


def accept_queued(listener: socket.socket) -> list[socket.socket]:
    """Return the connections that the kernel has established but no process has accepted."""
    accepted = []
    with suppress(OSError):  # BlockingIOError: there are no more
        while True:
            accepted.append(listener.accept()[0])
    return accepted
