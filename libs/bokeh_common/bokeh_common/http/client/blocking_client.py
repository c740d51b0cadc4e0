"""Calls of services from threads outside of the event loop: those of the collector and of commands.

Other threads that process requests never use it, as they must not wait for other services.
"""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar
from functools import cache
from typing import Any, ParamSpec, TypeVar

from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.server.thread_pools import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

END_SECONDS = 5.0  # for calls that are cancelled when Python ends


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return an event loop that runs in a thread of its own, started when it is first needed.

    When Python ends, the calls that still run are cancelled first.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        ending = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), ending))
        await ending.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="service-calls", daemon=True)
    thread.start()
    loop, ending = started.result()

    @atexit.register
    def end() -> None:
        loop.call_soon_threadsafe(ending.set)
        thread.join(END_SECONDS)

    return loop


class _Caller:
    """A coroutine that waits for a function on a thread, and on whose loop this function calls services."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._call: Future[Any] | None = None
        self._is_gone = False

    def wait_for(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._is_gone:
            raise CancelledError
        self._call = call = asyncio.run_coroutine_threadsafe(function(*args, **kwargs), self._loop)
        if self._is_gone:  # in the meantime
            call.cancel()
        return call.result()

    def leave(self) -> None:
        """Cancel the call that the function waits for, and all later ones."""
        self._is_gone = True
        if self._call is not None:
            self._call.cancel()


_CALLER: ContextVar[_Caller | None] = ContextVar("caller", default=None)


class ServiceCallPool(ThreadPool):
    """A pool for functions that call services, by requests that are made on the loop of the caller.

    So a function uses the same clients, and in the embedded cloud the same apps, as coroutines. It must not
    need another thread of the pool.
    """

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function like `ThreadPool.run`.

        If the caller is cancelled, the function ends at its next call of a service, with
        `concurrent.futures.CancelledError`.
        """
        caller = _Caller()
        token = _CALLER.set(caller)
        try:
            return await super().run(function, *args, **kwargs)
        finally:
            caller.leave()
            _CALLER.reset(token)


def wait_for(function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a coroutine function on the loop of the caller, and return its result.

    Outside of a `ServiceCallPool`, it runs on the loop of all threads.
    """
    if caller := _CALLER.get():
        return caller.wait_for(function, *args, **kwargs)
    loop = _loop()  # which is started, if need be, before there is a coroutine
    return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), loop).result()


class BlockingServiceClient:
    """A `ServiceClient` whose methods wait for the response, and raise what its own raise."""

    def __init__(self, client: ServiceClient) -> None:
        """Use a client, whose connections belong to one loop: a process uses it in one of the two ways."""
        self._client = client

    def get(self, path: str, *, authorization: str | None = None, **params: object) -> Any:
        """GET JSON; query parameters that are None are omitted."""
        return wait_for(self._client.get, path, authorization=authorization, **params)

    def post(self, path: str, body: object, *, authorization: str | None = None) -> Any:
        """POST JSON, and return the JSON response."""
        return wait_for(self._client.post, path, body, authorization=authorization)

    def send_bytes(self, method: str, path: str, data: bytes | None = None, **params: object) -> bytes:
        """Send bytes, and return the bytes of the response."""
        return wait_for(self._client.send_bytes, method, path, data, **params)
