"""Bodies are kept in memory or in a file, and read on a thread."""

import asyncio
import gzip
import os
import resource
from collections.abc import Iterator

import pytest

from bokeh_common.errors import Invalid, TooLarge, Unavailable
from bokeh_common.http import received_body
from bokeh_common.http.received_body import ReceivedBody

PIECE = os.urandom(1000)


def received(data: bytes, encoding: str | None = None) -> ReceivedBody:
    async def receive() -> ReceivedBody:
        body = ReceivedBody(encoding)
        for start in range(0, len(data), 777):
            await body.add(data[start : start + 777])
        await body.finish()
        return body

    return asyncio.run(receive())


@pytest.fixture(params=[10_000, 100, 0], ids=["in memory", "in a file", "in a file from the start"])
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(received_body, "MAX_BODY_IN_MEMORY", max(request.param, 1))
    monkeypatch.setattr(received_body, "MAX_BODIES_IN_MEMORY", request.param)
    return int(request.param)


@pytest.fixture
def full_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("data", [b"", b"a", PIECE * 9])
def test_a_body_is_read_as_blocks_and_as_a_file(limit: int, data: bytes) -> None:
    with received(data) as body:
        assert b"".join(body.blocks()) == b"".join(body.blocks()) == data
        with body.open_file(1) as file:
            assert file.read() == data
    with received(gzip.compress(data), "gzip") as body:
        assert b"".join(body.blocks()) == data
        with body.open_file(9000) as file:
            assert file.read() == data
    assert ReceivedBody._in_memory == 0


def test_a_file_is_decoded_up_to_its_limit(limit: int) -> None:
    with received(gzip.compress(PIECE * 9), "gzip") as body, pytest.raises(TooLarge):
        body.open_file(8999)
    with received(gzip.compress(PIECE)[:-1], "gzip") as body, pytest.raises(Invalid):
        body.open_file(9000)


def test_a_thread_of_a_cancelled_request_never_reads_a_part_of_its_body(limit: int) -> None:
    with received(PIECE * 9) as body:
        file, blocks = body.open_file(1), body.blocks()
    with file:
        assert file.read() == PIECE * 9
    for read in (lambda: list(blocks), lambda: list(body.blocks()), lambda: body.open_file(1)):
        with pytest.raises(ValueError, match=r"cancelled|closed"):
            read()


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_explained(limit: int) -> None:
    with pytest.raises(Unavailable, match="no space for the body"), received(PIECE * 9) as body:
        body.open_file(1)
