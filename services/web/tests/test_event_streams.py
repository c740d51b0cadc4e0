"""Event streams, without a server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bokeh_common.errors import NotFound, Unavailable
from bokeh_web import event_streams
from bokeh_web.event_streams import EventStreams, state_of


def view(version: int = 1, **columns: int) -> dict[str, Any]:
    return {"version": version, "columns": columns}


@pytest.fixture(autouse=True)
def fast_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "POLL_SECONDS", 0.001)


def views(*expected: dict[str, Any]) -> Any:
    """Return a function that returns these views, one at each call, and then raises `NotFound`."""
    left: Iterator[dict[str, Any]] = iter(expected)

    async def fetch_view() -> dict[str, Any]:
        found = next(left, None)
        if found is None:
            raise NotFound("The plot was deleted.")
        return found

    return fetch_view


async def forever() -> dict[str, Any]:
    """Return the view of a plot that does not change."""
    return view()


async def exhaust(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass


def blocks(fetch_view: Any, since: str | None, wait: bool) -> list[bytes]:
    """Return all blocks of a stream."""

    async def run() -> list[bytes]:
        return [block async for block in await EventStreams().open(fetch_view, since, wait)]

    return asyncio.run(run())


def kinds(fetch_view: Any, since: str | None, wait: bool) -> list[str]:
    lines = b"".join(blocks(fetch_view, since, wait)).decode().splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def test_changes_of_data_and_versions() -> None:
    fetch_view = views(view(1, a=1), view(1, b=1), view(1, b=1), view(2, b=1), view(10, c=1))
    assert kinds(fetch_view, None, True) == ["data", "version", "version"]


def test_listener_with_an_older_state_gets_the_change_at_once() -> None:
    now = view(1, a=1)
    assert kinds(views(now), state_of(view(1, b=1)), False) == ["data"]
    assert kinds(views(now), state_of(view(10, a=1)), False) == ["version"]
    assert kinds(views(now), state_of(now), False) == []
    assert kinds(views(now), "not a state\n\nevent: x", False) == ["version"]


def test_listener_that_does_not_wait_learns_when_to_ask_again() -> None:
    assert blocks(forever, None, False) == [b"retry: 10000\n\n"]


def test_listener_beyond_the_limit_gets_an_error_until_a_stream_is_closed() -> None:
    async def run() -> None:
        streams = EventStreams(max_streams=2)
        opened: list[Any] = [await streams.open(forever, None, True) for _ in range(2)]
        assert [await anext(stream) for stream in opened] == [b"retry: 3000\n\n"] * 2
        with pytest.raises(Unavailable, match="2 event streams"):
            await streams.open(forever, None, True)
        assert await anext(await streams.open(forever, None, False)) == b"retry: 10000\n\n"
        await opened[0].aclose()
        assert await anext(await streams.open(forever, None, True)) == b"retry: 3000\n\n"

    asyncio.run(run())


def test_stream_that_is_cancelled_while_it_waits_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "POLL_SECONDS", 60)

    async def run() -> None:
        streams = EventStreams(max_streams=1)
        listener = asyncio.create_task(exhaust(await streams.open(forever, None, True)))
        await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            await streams.open(forever, None, True)
        listener.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listener
        await streams.open(forever, None, True)

    asyncio.run(run())


def test_many_streams_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "TURN_SECONDS", 0.02)
    running = polls = most = 0

    async def fetch_view() -> dict[str, Any]:
        nonlocal running, polls, most
        running, polls = running + 1, polls + 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return view()

    async def run() -> None:
        streams = EventStreams()
        opened = [await streams.open(fetch_view, None, True) for _ in range(50)]
        listeners = [asyncio.create_task(exhaust(stream)) for stream in opened]
        await asyncio.sleep(0.5)
        for listener in listeners:
            listener.cancel()

    asyncio.run(run())
    turns = polls - 50  # the first view is fetched before a stream begins
    assert 0 < turns <= event_streams.MAX_TURNS * (0.5 / 0.02 + 1)
    assert most <= event_streams.MAX_TURNS


def test_stream_of_a_deleted_plot_ends_or_is_not_started() -> None:
    assert blocks(views(view()), None, True) == [b"retry: 3000\n\n"]
    with pytest.raises(NotFound):
        blocks(views(), None, True)
