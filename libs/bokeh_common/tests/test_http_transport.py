"""The transport of requests between services."""

import asyncio
import socket
from typing import Any

import anyio
import httpx
import pytest
import uvloop

from bokeh_common.http.client.http_transport import ServiceTransport


def test_a_connection_that_ends_while_it_is_established_is_an_error_of_httpx(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if the process at the other end had been killed, just after it accepted the connection."""
    connect = anyio.connect_tcp

    async def connect_and_lose(*arguments: Any, **options: Any) -> Any:
        stream: Any = await connect(*arguments, **options)
        stream._transport.abort()
        await asyncio.sleep(0.01)
        return stream

    async def send(port: int) -> None:
        request = httpx.Request("GET", f"http://127.0.0.1:{port}/")
        await ServiceTransport(trust_env=False).handle_async_request(request)

    monkeypatch.setattr(anyio, "connect_tcp", connect_and_lose)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(httpx.ConnectError):
        uvloop.run(send(listener.getsockname()[1]))
