"""Connections that are established while a server stops."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

import pytest
import uvloop
from uvicorn import Config

from bokeh_common.http.server.connection import BoundedConnection
from bokeh_common.http.server.graceful_server import GracefulServer

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


class StoppingServer(GracefulServer):
    """Stops as soon as it has started, while clients connect."""

    clients: list[socket.socket]

    async def main_loop(self) -> None:
        """Stop at once."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let clients connect and send their requests, for which the event loop does not wait."""
        assert sockets
        self.clients = [socket.create_connection(sockets[0].getsockname(), 5) for _ in range(5)]
        for client in self.clients[1:]:
            client.sendall(REQUEST)
        await super().shutdown(sockets)


async def respond(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application with empty responses."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_connections_that_were_not_accepted_get_responses(new_loop: Any) -> None:
    config = Config(respond, http=BoundedConnection, lifespan="off", timeout_graceful_shutdown=5)
    server = StoppingServer(config)
    with socket.create_server(("127.0.0.1", 0)) as listener, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(server.serve([listener]))
    with ExitStack() as stack:
        unused, *used = [stack.enter_context(client) for client in server.clients]
        assert [client.recv(1 << 16).partition(b"\r\n")[0] for client in used] == [b"HTTP/1.1 200 OK"] * 4
        assert unused.recv(1) == b"", "it is closed, not reset"
