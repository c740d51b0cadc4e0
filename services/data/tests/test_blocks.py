"""Bodies of responses: small ones are read by the call that opens them, large ones in blocks."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from falcon.asgi import Response

from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE, ThreadPool
from bokeh_data.resources.blocks import BLOCK_BYTES, MAX_WHOLE_BYTES, OpenedBody, respond_with_blocks

LARGE = bytes(range(256)) * (4 * MAX_WHOLE_BYTES // 256)


class Source:
    """Blocks of some bytes, which know on which threads they were read, and whether they were closed."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = data, step
        self.threads: list[str] = []
        self.is_closed = False

    def blocks(self) -> Iterator[bytes]:
        try:
            for start in range(0, len(self._data), self._step):
                self.threads.append(threading.current_thread().name.partition("_")[0])
                yield self._data[start : start + self._step]
        finally:
            self.is_closed = True


async def read(resp: Response, limit: int | None = None) -> bytes:
    """Return the body of a response, or some blocks of it."""
    if resp.stream is None:
        return resp.data or b""
    found = []
    async for block in resp.stream:
        found.append(block)
        if len(found) == limit:
            break
    await resp.stream.close()  # type: ignore[union-attr]  # as falcon does
    return b"".join(found)


def respond(
    body: OpenedBody | None, pool: ThreadPool = STORAGE, limit: int | None = None
) -> tuple[Response, bytes]:
    async def run() -> tuple[Response, bytes]:
        resp = Response()
        await respond_with_blocks(resp, lambda: body, pool)
        return resp, await read(resp, limit)

    return asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, MAX_WHOLE_BYTES])
@pytest.mark.parametrize("is_known", [True, False])
def test_small_bodies_are_read_at_once(size: int, is_known: bool) -> None:
    source = Source(LARGE[:size], 1000)
    resp, body = respond(OpenedBody(source.blocks(), size if is_known else None, COMPUTE))
    assert (resp.data, resp.stream, body) == (LARGE[:size], None, LARGE[:size])
    assert set(source.threads) <= {"storage"}
    assert source.is_closed


@pytest.mark.parametrize("step", [100, BLOCK_BYTES, len(LARGE)])
def test_large_bodies_are_streamed(step: int) -> None:
    source = Source(LARGE, step)
    resp, body = respond(OpenedBody(source.blocks(), len(LARGE), COMPUTE))
    assert body == LARGE
    assert resp.get_header("Content-Length") == str(len(LARGE))
    assert source.threads[0] == "storage"
    assert set(source.threads[1:]) <= {"compute"}
    assert source.is_closed


@pytest.mark.parametrize("step", [100, len(LARGE)])
def test_bodies_of_unknown_size_are_streamed_in_blocks_of_equal_size(step: int) -> None:
    source = Source(LARGE, step)
    resp, body = respond(OpenedBody(source.blocks(), None, COMPUTE), COMPUTE)
    assert body == LARGE
    assert resp.get_header("Content-Length") is None
    assert set(source.threads) == {"compute"}


@pytest.mark.parametrize("size", [len(LARGE), None])
@pytest.mark.parametrize("limit", [1, 2])
def test_blocks_are_closed_if_the_client_leaves(size: int | None, limit: int) -> None:
    source = Source(LARGE, 50_000)
    respond(OpenedBody(source.blocks(), size), limit=limit)
    assert source.is_closed
    assert len(source.threads) < len(LARGE) // 50_000


def test_a_response_may_have_no_body() -> None:
    resp, body = respond(None)
    assert (resp.data, resp.stream, body) == (None, None, b"")
