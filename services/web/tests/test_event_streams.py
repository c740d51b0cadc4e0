"""Event streams, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bokeh_common.errors import NotFound, Unavailable
from bokeh_web.live import event_log, plot_feed
from bokeh_web.live.event_streams import EventStreams, Listener

from .followed_plot import PLOT, FakePlot, following, parse


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_feed, "MIN_PAUSE_SECONDS", 0.001)


@pytest.fixture
def plot() -> FakePlot:
    return FakePlot()


async def respond_once(plot: FakePlot, since: str | None) -> bytes:
    streams = EventStreams(plot.changes)
    return b"".join([block async for block in await streams.open(Listener(PLOT, plot.check), since, False)])


def test_changes_of_data_and_versions_are_announced_at_once(plot: FakePlot) -> None:
    async def run() -> None:
        async with following(plot) as stream:
            plot.append()
            event = await stream.event()
            assert event["event"] == "data"
            assert event["id"] == plot.state
            assert json.loads(event["data"]) == {"version": 1, "sources": [{"rows": [0, 1]}]}
            plot.version = 2
            plot.change()
            event = await stream.event()
            assert event["event"] == "version"
            assert json.loads(event["data"]) == {"version": 2}

    asyncio.run(run())


def test_no_row_is_missed_or_sent_twice(plot: FakePlot) -> None:
    """Events follow one another, whenever a listener comes and however many appends make one event."""

    async def follow(streams: EventStreams, since: str) -> int:
        end = int(since.split("-")[2])
        listener = Listener(PLOT, plot.check)
        events = [parse(block) async for block in _until(streams, listener, since, plot)]
        for event in [event for block in events for event in block]:
            begin, next_end = json.loads(event["data"])["sources"][0]["rows"]
            assert begin == end
            end = next_end
        return end

    async def run() -> None:
        streams = EventStreams(plot.changes, is_one_process=True)
        listeners = []
        for number in range(200):
            if number % 10 == 0:
                listeners.append(asyncio.create_task(follow(streams, plot.state)))
            plot.append(1 + number % 3)
            await asyncio.sleep(0.002)
        assert set(await asyncio.gather(*listeners)) == {plot.end}

    asyncio.run(run())


async def _until(
    streams: EventStreams, listener: Listener, since: str, plot: FakePlot
) -> AsyncIterator[bytes]:
    """Yield the blocks of a stream until the last of 200 appends."""
    async for block in await streams.open(listener, since, True):
        yield block
        if f"id: {plot.state}\n".encode() in block and plot.end == 200 + 199:
            return


def test_listener_with_an_older_state_gets_the_change_at_once(plot: FakePlot) -> None:
    older = plot.state
    plot.end = 3
    assert parse(asyncio.run(respond_once(plot, older)))[0]["event"] == "data"
    assert parse(asyncio.run(respond_once(plot, plot.state))) == []
    for since in ("2-0000000000000000-0", "not a state\n\nevent: x"):
        assert parse(asyncio.run(respond_once(plot, since)))[0]["event"] == "version"

    async def run() -> None:
        async with following(plot, older):
            pass
        streams = EventStreams(plot.changes)
        first = await anext(await streams.open(Listener(PLOT, plot.check), older, True))
        assert json.loads(parse(first)[0]["data"])["sources"] == [{"rows": [0, 3]}]

    asyncio.run(run())


def test_listener_that_does_not_wait_learns_when_to_ask_again(plot: FakePlot) -> None:
    assert asyncio.run(respond_once(plot, None)) == b"retry: 10000\n\n"


def test_listener_of_one_version_gets_no_events(plot: FakePlot) -> None:
    async def run() -> None:
        listener = Listener(PLOT, plot.check, is_pinned=True)
        streams = EventStreams(plot.changes)
        assert [block async for block in await streams.open(listener, "", True)] == [b"retry: 10000\n\n"]

    asyncio.run(run())


def test_plots_are_looked_at_without_notices(plot: FakePlot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_feed, "UNNOTIFIED_SECONDS", 0.01)

    async def run() -> None:
        async with following(plot, streams=EventStreams(plot.changes)) as stream:
            plot.end = 1
            assert await stream.rows() == [0, 1]

    asyncio.run(run())


def test_looks_are_those_of_a_plot_and_not_of_its_listeners(plot: FakePlot) -> None:
    async def run() -> None:
        streams = EventStreams(plot.changes, is_one_process=True)
        opened: Iterator[Any] = iter(
            [await streams.open(Listener(PLOT, plot.check), plot.state, True) for _ in range(100)]
        )
        blocks = [anext(stream) for stream in opened]
        assert set(await asyncio.gather(*blocks)) == {b"retry: 3000\n\n"}
        assert plot.looks == 1

    asyncio.run(run())


def test_listener_beyond_the_limit_gets_an_error_until_a_stream_is_closed(plot: FakePlot) -> None:
    async def run() -> None:
        streams, listener = EventStreams(plot.changes, max_streams=2), Listener(PLOT, plot.check)
        opened: list[Any] = [await streams.open(listener, None, True) for _ in range(2)]
        assert [await anext(stream) for stream in opened] == [b"retry: 3000\n\n"] * 2
        with pytest.raises(Unavailable, match="2 event streams"):
            await streams.open(listener, None, True)
        assert await anext(await streams.open(listener, None, False)) == b"retry: 10000\n\n"
        await opened[0].aclose()
        assert await anext(await streams.open(listener, None, True)) == b"retry: 3000\n\n"

    asyncio.run(run())


def test_stream_of_a_deleted_plot_ends_or_is_not_started(plot: FakePlot) -> None:
    async def run() -> None:
        async with following(plot) as stream:
            plot.is_deleted = True
            plot.change()
            assert await stream.event() == {}

    asyncio.run(run())
    with pytest.raises(NotFound):
        asyncio.run(respond_once(plot, None))


def test_listener_that_does_not_read_has_to_reconnect(
    plot: FakePlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MAX_EVENTS", 3)

    async def run() -> None:
        async with following(plot) as stream:
            for _ in range(6):
                looks = plot.looks
                plot.append()
                while plot.looks == looks:
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            assert await stream.event() == {}

    asyncio.run(run())
