"""Calling an ASGI app in process: requests are passed on, and responses stream."""

import asyncio
from typing import Any

import httpx
import pytest

from bokeh_common.http.client.app_transport import AppTransport
from tests.support.simulated_crash import SimulatedCrash

START: dict[str, Any] = {"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1")]}


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=AppTransport(lambda: app), base_url="http://app")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    message = await receive()
    await send(START)
    parts = (scope["method"], scope["path"], scope["query_string"].decode(), message["body"].decode())
    await send({"type": "http.response.body", "body": " ".join(parts).encode()})


class Blocks:
    """An app that sends blocks until it is cancelled; it records how many, and that it ended."""

    def __init__(self, count: int) -> None:
        self.count, self.sent, self.ended = count, 0, False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await send(START)
            for _ in range(self.count):
                self.sent += 1
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            self.ended = True


def test_method_path_query_and_body_are_passed_on() -> None:
    async def run() -> httpx.Response:
        return await client_of(echo).post("/ä b?x=1", content=b"hello")

    response = asyncio.run(run())
    assert (response.status_code, response.headers["X-A"]) == (201, "1")
    assert response.text == "POST /ä b x=1 hello"


def test_the_body_is_read_lazily_and_the_app_ends_with_the_response() -> None:
    blocks = Blocks(1000)

    async def run() -> None:
        async with client_of(blocks).stream("GET", "/") as response:
            assert await anext(response.aiter_raw()) == b"x" * 1000
            await asyncio.sleep(0.05)
            assert blocks.sent < 5
        await asyncio.sleep(0)
        assert blocks.ended

    asyncio.run(run())


def test_the_body_is_complete() -> None:
    async def run() -> bytes:
        return (await client_of(Blocks(50)).get("/")).content

    assert len(asyncio.run(run())) == 50_000


@pytest.mark.parametrize("started", [False, True])
def test_a_fault_of_the_app_is_an_error_of_the_request(started: bool) -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        if started:
            await send(START)
        raise LookupError("a fault of the app")

    async def run() -> None:
        with pytest.raises(httpx.ReadError):
            await client_of(fail).get("/")

    asyncio.run(run())


def test_the_exit_of_the_app_ends_its_caller() -> None:
    async def crash(scope: Any, receive: Any, send: Any) -> None:
        raise SimulatedCrash

    async def run() -> None:
        with pytest.raises(SimulatedCrash):
            await client_of(crash).get("/")

    asyncio.run(run())


def test_a_cancelled_request_cancels_the_app() -> None:
    ended = []

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client_of(wait).get("/")
        await asyncio.sleep(0)

    asyncio.run(run())
    assert ended == [True]
