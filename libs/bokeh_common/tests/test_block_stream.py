"""Streams that fail before their first block, and streams that are closed early."""

import asyncio
import gc
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import falcon
import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.errors import Unavailable
from bokeh_common.http import block_stream
from bokeh_common.http.app import App
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.block_stream import IN_FLIGHT, MAX_FETCH, MIN_FETCH, BlockStream
from bokeh_common.read_size import READ_BYTES
from bokeh_common.storage import open_blobs

from .open_app import new_open_app

KIB = 1 << 10


class Stream:
    """A stream with a length and an ETag; it raises `Unavailable` unless it has blocks."""

    access = {"GET": OPEN}
    blocks: tuple[bytes, ...] = ()
    closed = False

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.etag = "abc"
        resp.set_header("Cache-Control", "private, max-age=31536000, immutable")
        resp.set_stream(await BlockStream.start(self.read), sum(map(len, self.blocks)))

    def read(self) -> Iterator[bytes]:
        try:
            if not self.blocks:
                raise Unavailable("The storage does not respond.")
            yield from self.blocks
        finally:
            self.closed = True


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def app(stream: Stream) -> App:
    app = new_open_app()
    app.add_route("/stream", stream)
    return app


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_error_before_the_first_block_becomes_an_error_response(app: App, encoding: str) -> None:
    response = testing.TestClient(app).simulate_get("/stream", headers={"Accept-Encoding": encoding})
    assert response.status_code == 503
    assert response.json["type"] == "/problems/unavailable"
    assert response.headers["Retry-After"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert "ETag" not in response.headers


def test_a_stream_is_complete_with_and_without_compression(app: App, stream: Stream) -> None:
    stream.blocks = (b'{"a":', b"1}")
    client = testing.TestClient(app)
    plain = client.simulate_get("/stream", headers={"Accept-Encoding": "identity"})
    compressed = client.simulate_get("/stream", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(compressed.content)) == plain.json == {"a": 1}


def test_a_stream_that_is_not_read_does_not_count(app: App, stream: Stream) -> None:
    stream.blocks = (b'{"a":', b"1}")
    response = testing.TestClient(app).simulate_head("/stream")
    assert (response.headers["Content-Length"], response.content) == ("7", b"")
    gc.collect()
    assert stream.closed
    assert IN_FLIGHT.total == 0


def test_a_stream_is_closed_when_the_client_disconnects(stream: Stream) -> None:
    stream.blocks = (bytes(MIN_FETCH),) * 3

    async def run() -> None:
        blocks = await BlockStream.start(stream.read)
        assert await anext(blocks) == bytes(MIN_FETCH)
        assert not stream.closed
        await blocks.close()

    asyncio.run(run())
    assert stream.closed
    assert IN_FLIGHT.total == 0


def test_a_stream_is_closed_while_a_block_is_fetched() -> None:
    closed: list[float] = []

    def read() -> Iterator[bytes]:
        try:
            yield b"first"
            time.sleep(0.2)
            yield b"second"
        finally:
            closed.append(time.monotonic())

    async def run() -> None:
        blocks = await BlockStream.start(read)
        await anext(blocks)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(blocks)
        await blocks.close()

    asyncio.run(run())
    assert len(closed) == 1


def test_many_streams_that_fetch_at_once_respect_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_stream, "MAX_IN_FLIGHT", 51 * MIN_FETCH)

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(16 * KIB)

    async def run() -> int:
        streams, most = [await BlockStream.start(endless) for _ in range(50)], 0
        for _ in range(8):
            await asyncio.gather(*map(anext, streams))
            most = max(most, IN_FLIGHT.total)
        for stream in streams:
            await stream.close()
        return most

    assert asyncio.run(run()) <= 60 * MIN_FETCH
    assert IN_FLIGHT.total == 0


def test_slow_clients_are_fetched_little_and_fast_ones_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(16 * KIB)

    async def held_after(pieces: int) -> int:
        before = IN_FLIGHT.total
        stream, most = await BlockStream.start(endless), 0
        for _ in range(pieces):
            await anext(stream)
            most = max(most, IN_FLIGHT.total - before)
        await stream.close()
        return most

    async def run() -> Any:
        fast = await held_after(400)
        monkeypatch.setattr(block_stream, "FAST_SECONDS", 0)
        return fast, await held_after(400)

    fast, slow = asyncio.run(run())
    assert MAX_FETCH // 2 <= fast <= MAX_FETCH
    assert slow <= MIN_FETCH


def test_files_are_read_in_the_pieces_that_clients_are_sent(tmp_path: Path) -> None:
    blobs = open_blobs(f"local://{tmp_path}", "test")
    blobs.put("file", [bytes(4 * MAX_FETCH)])

    async def sizes() -> list[int]:
        stream = BlockStream(blobs.get("file"))
        found = [len(piece) async for piece in stream]
        await stream.close()
        return found

    found = asyncio.run(sizes())
    assert found[:3] == [MIN_FETCH, 2 * MIN_FETCH, 4 * MIN_FETCH]
    assert MAX_FETCH in found
    assert READ_BYTES.get() == MIN_FETCH
