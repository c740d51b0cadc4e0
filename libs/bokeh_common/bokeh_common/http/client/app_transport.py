"""A transport of httpx that calls an ASGI app in this process, without a socket.

`httpx.ASGITransport` receives the whole response before it returns; this one streams, with backpressure.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, cast

import httpx

Message = dict[str, Any]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]


class AppTransport(httpx.AsyncBaseTransport):
    """Sends requests to an app object."""

    def __init__(self, app: Callable[[], ASGIApp]) -> None:
        """Create a transport.

        Args:
            app: returns the app; it is called at each request, as apps that refer to each other are created
                one after the other.
        """
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Call the app, and return its response.

        The app reads the body of the request as it is produced, and its response is produced as it is read.
        """
        exchange = _Exchange(cast("httpx.AsyncByteStream", request.stream))
        exchange.start(self._app(), _scope(request))
        start = await exchange.response_start()
        return httpx.Response(start["status"], headers=start["headers"], stream=_Body(exchange))


class _Exchange:
    """A request to an app, and its response."""

    def __init__(self, body: AsyncIterable[bytes]) -> None:
        self._body: AsyncIterator[bytes] | None = aiter(body)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(1)
        self._disconnected = asyncio.Event()

    def start(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        """Call the app in a task of its own, with a copy of the context of the caller."""
        self._task = asyncio.ensure_future(self._run(app, scope))

    async def response_start(self) -> Message:
        """Return the status and the headers.

        Raises:
            httpx.ReadError: the app failed before it responded.
        """
        try:
            message = await self._messages.get()
        except asyncio.CancelledError:
            self.close()
            raise
        if message["type"] != "http.response.start":
            _raise_error(message, "the app did not respond")
        return message

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the blocks of the body."""
        while True:
            message = await self._messages.get()
            if message["type"] == "error":
                _raise_error(message, "the app did not finish its response")
            if block := message.get("body"):
                yield bytes(block)
            if not message.get("more_body", False):
                return

    def close(self) -> None:
        """Stop the app, if it is still running."""
        self._disconnected.set()
        if not self._task.done():
            self._task.cancel()

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._messages.put)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # it is raised in the caller
            await self._messages.put({"type": "error", "error": error})

    async def _receive(self) -> Message:
        if self._body is not None:
            block = await anext(self._body, None)
            if block is None:
                self._body = None
            return {"type": "http.request", "body": block or b"", "more_body": block is not None}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}


class _Body(httpx.AsyncByteStream):
    """The body of a response of an app."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for block in self._exchange.blocks():
            yield block

    async def aclose(self) -> None:
        self._exchange.close()


def _raise_error(message: Message, what: str) -> NoReturn:
    """Raise the error of a request whose app failed; what is not an `Exception` passes through."""
    error = message["error"]
    if isinstance(error, Exception):
        raise httpx.ReadError(what) from error
    raise error


def _scope(request: httpx.Request) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (url.host, url.port or 80),
        "client": ("127.0.0.1", 0),
    }
