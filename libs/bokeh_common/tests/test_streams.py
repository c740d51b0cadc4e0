"""Streams of responses are sent as they are, and closed in any case."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.http.app import App
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.service_client import ServiceClient

from .open_app import new_open_app


class Blocks:
    """A resource with a generator as its response."""

    access = {"GET": OPEN}

    def __init__(self) -> None:
        self.opened = self.closed = 0

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = "application/octet-stream"
        blocks = self._blocks(int(req.get_param("count", default="2")))
        await anext(blocks)
        resp.stream = blocks

    async def _blocks(self, count: int) -> AsyncIterator[bytes]:
        self.opened += 1
        try:
            yield b"before the response"
            for _ in range(count):
                yield b"block"
                await asyncio.sleep(0)
        finally:
            self.closed += 1


class PassedOn:
    """A resource that passes on the response of another one."""

    access = {"GET": OPEN}

    def __init__(self, blocks: App) -> None:
        self._client = ServiceClient("http://blocks", AppTransport(lambda: blocks))

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = "application/octet-stream"
        resp.stream = await self._client.stream("GET", f"/blocks?{req.query_string}", authorization=None)


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


@pytest.fixture
def app(blocks: Blocks) -> App:
    inner = new_open_app()
    inner.add_route("/blocks", blocks)
    outer = new_open_app()
    outer.add_route("/blocks", blocks)
    outer.add_route("/passed", PassedOn(inner))
    return outer


@pytest.mark.parametrize("path", ["/blocks", "/passed"])
@pytest.mark.parametrize(("method", "body"), [("GET", b"blockblock"), ("HEAD", b"")])
def test_a_stream_is_closed_after_the_response(
    app: App, blocks: Blocks, path: str, method: str, body: bytes
) -> None:
    response = testing.TestClient(app).simulate_request(method, path)
    assert (response.status_code, response.content) == (200, body)
    assert (blocks.opened, blocks.closed) == (1, 1)


@pytest.mark.parametrize("path", ["/blocks", "/passed"])
def test_a_stream_is_closed_if_the_request_is_cancelled(app: App, blocks: Blocks, path: str) -> None:
    sent = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.set()
            await asyncio.Event().wait()

    async def run() -> None:
        scope = testing.create_scope(path=path, query_string="count=1000000")
        request = asyncio.ensure_future(app(scope, testing.ASGIRequestEventEmitter(), send))
        await sent.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.sleep(0.05)
        assert blocks.closed == 1

    asyncio.run(run())
