"""Calls of services from threads: on a loop of all threads, or on the loop of a request."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.blocking_client import BlockingServiceClient, ServiceCallPool
from bokeh_common.http.client.service_client import ServiceClient


class AppOnLoop:
    """An app that records on which loops it ran, and responds when an event is set."""

    def __init__(self) -> None:
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.called = threading.Event()
        self.may_respond = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loops.append(asyncio.get_running_loop())
        self.called.set()
        while not self.may_respond:
            await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def app() -> AppOnLoop:
    return AppOnLoop()


@pytest.fixture
def client(app: AppOnLoop) -> BlockingServiceClient:
    return BlockingServiceClient(ServiceClient("http://app", AppTransport(lambda: app)))


@pytest.fixture
def pool() -> ServiceCallPool:
    return ServiceCallPool("test", lambda: 2)


def test_threads_share_a_loop(app: AppOnLoop, client: BlockingServiceClient) -> None:
    assert [client.get("/"), client.post("/", {})] == [{}, {}]
    thread = threading.Thread(target=client.get, args=("/",))
    thread.start()
    thread.join()
    assert len(set(app.loops)) == 1


def test_functions_in_a_pool_use_the_loops_of_their_callers(
    app: AppOnLoop, client: BlockingServiceClient, pool: ServiceCallPool
) -> None:
    async def run() -> asyncio.AbstractEventLoop:
        await asyncio.gather(pool.run(client.get, "/"), pool.run(client.get, "/"))
        return asyncio.get_running_loop()

    expected = [loop for loop in (asyncio.run(run()), asyncio.run(run())) for _ in range(2)]
    assert app.loops == expected
    client.get("/")
    assert app.loops[-1] not in expected


@pytest.mark.parametrize("is_between_calls", [False, True])
def test_a_function_ends_at_its_next_call_after_its_caller(
    app: AppOnLoop, client: BlockingServiceClient, pool: ServiceCallPool, is_between_calls: bool
) -> None:
    app.may_respond, may_go_on, errors = is_between_calls, threading.Event(), list[Exception]()

    def call_twice() -> None:
        try:
            client.get("/")
            may_go_on.wait()
            client.get("/")
        except CancelledError as error:
            errors.append(error)

    async def run() -> None:
        task = asyncio.ensure_future(pool.run(call_twice))
        await asyncio.to_thread(app.called.wait)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_go_on.set()
        await _until(lambda: bool(errors))

    asyncio.run(run())
    assert len(app.loops) == 1


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
