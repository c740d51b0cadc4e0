"""A transport for `requests` that calls a WSGI app on this thread, instead of a socket.

In the embedded cloud a service must not reach its neighbour over loopback: with all workers busy, the nested
call would wait for itself. PEP 3333 is the contract; the tests run it under `wsgiref.validate`.
"""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPMessage
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import StartResponse, WSGIApplication

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

Headers = list[tuple[str, str]]


class WSGIAdapter(BaseAdapter):
    """Sends requests to an app object."""

    def __init__(self, app: Callable[[], WSGIApplication]) -> None:
        """Name the app.

        Args:
            app: returns it; asked at each request, since neighbours are made one after the other.
        """
        super().__init__()
        self._app = app
        self._responses = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Call the app and return its answer; the body is read from the app as the caller reads it."""
        status: list[str] = []
        headers: Headers = []
        written: list[bytes] = []

        def start_response(line: str, fields: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            status[:], headers[:] = [line], fields
            return written.append

        body = self._app()(_environ(request), _typed(start_response))
        blocks = iter(body)
        first = next(blocks, b"")  # an app may call start_response as late as with its first block
        stream = _Body(body, _chain([*written, first], blocks))
        raw = HTTPResponse(
            body=io.BufferedReader(stream),
            headers=HTTPHeaderDict(headers),
            status=int(status[0].split(" ", 1)[0]),
            reason=status[0].partition(" ")[2],
            preload_content=False,
            original_response=_NoCookies(),  # type: ignore[arg-type]  # urllib3 asks it for `msg` alone
        )
        return self._responses.build_response(request, raw)

    def close(self) -> None:
        """Nothing is held open between requests."""


class _NoCookies:
    """requests looks for cookies in the message of the original response; a peer sets none."""

    msg = HTTPMessage()

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


class _Body(io.RawIOBase):
    """The app's iterable as a file, closed with it as PEP 3333 demands."""

    def __init__(self, iterable: Iterable[bytes], blocks: Iterator[bytes]) -> None:
        self._iterable = iterable
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = block
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed and hasattr(self._iterable, "close"):
            self._iterable.close()
        super().close()


def _chain(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    yield from rest


def _typed(start_response: Any) -> StartResponse:
    return start_response  # type: ignore[no-any-return]  # PEP 3333's call signature, which typing cannot infer


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),  # PEP 3333: bytes as latin-1
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ
