"""What listeners ask for takes little memory, and delays no events of others; without a server."""

import asyncio
import json
from typing import Any

import pytest

from bokeh_web.live import event_log, plot_feed
from bokeh_web.live.event_memory import MAX_BLOCK, EventMemory
from bokeh_web.live.event_streams import EventStreams, Listener

from .followed_plot import PLOT, FakePlot, following, parse

ROWS = "r" * 200_000


class LargePlot(FakePlot):
    """A plot whose changes have many rows; `slow` requests for older states do not end by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: asyncio.Event | None = None

    async def changes(self, plot: str, since: str, until: str | None) -> dict[str, Any]:
        if until is not None and self.slow is not None:
            await self.slow.wait()
        changes = await super().changes(plot, since, until)
        return {**changes, "sources": changes["sources"] and [{"rows": ROWS}]}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_feed, "MIN_PAUSE_SECONDS", 0.001)


@pytest.fixture
def plot() -> LargePlot:
    return LargePlot()


def older(number: int) -> str:
    """Return a state that the plot may have had."""
    return f"1-{number:016x}-{number}"


async def first_blocks(streams: EventStreams, plot: FakePlot, states: list[str]) -> list[Any]:
    """Open a stream for each state, read its first block, and return the streams."""
    opened: list[Any] = [await streams.open(Listener(PLOT, plot.check), state, True) for state in states]
    for stream in opened:
        await anext(stream)
    return opened


def test_listeners_that_ask_for_older_states_delay_no_events(plot: LargePlot) -> None:
    async def run() -> None:
        plot.slow = asyncio.Event()
        streams = EventStreams(plot.changes, is_one_process=True)
        async with following(plot, streams=streams) as stream:
            listener = Listener(PLOT, plot.check)
            asking = [asyncio.create_task(streams.open(listener, older(n + 1), True)) for n in range(50)]
            while plot.looks < 3:
                await asyncio.sleep(0.001)
            plot.append()
            assert (await stream.event())["event"] == "data"
            assert not any(task.done() for task in asking)
            plot.slow.set()
            await asyncio.gather(*asking)

    asyncio.run(run())


def test_one_look_is_enough_for_all_who_ask_while_one_is_in_progress(plot: LargePlot) -> None:
    async def run() -> None:
        async with following(plot, streams=(streams := EventStreams(plot.changes, is_one_process=True))):
            plot.slow = asyncio.Event()  # does not count looks for older states
            looks, listener = plot.looks, Listener(PLOT, plot.check)
            asking = [asyncio.create_task(streams.open(listener, older(n + 1), True)) for n in range(100)]
            await asyncio.sleep(0.05)
            for task in asking:
                task.cancel()
            assert plot.looks <= looks + 3

    asyncio.run(run())


def test_missed_events_are_held_while_they_are_sent_only(plot: LargePlot) -> None:
    async def run() -> None:
        memory = EventMemory()
        streams = EventStreams(plot.changes, is_one_process=True, memory=memory)
        opened = await first_blocks(streams, plot, [older(n + 1) for n in range(20)])
        assert memory.used > 20 * len(ROWS)
        for stream in opened:
            await stream.aclose()
        assert memory.used == 0

    asyncio.run(run())


def test_further_events_have_no_rows_if_the_memory_is_used_up(plot: LargePlot) -> None:
    async def run() -> None:
        memory = EventMemory(len(ROWS) * 3 + 10_000)
        streams = EventStreams(plot.changes, is_one_process=True, memory=memory)
        opened = await first_blocks(streams, plot, [older(1), older(2)])
        async with following(plot, streams=streams) as stream:
            plot.append()
            assert "sources" in json.loads((await stream.event())["data"])
            plot.append()
            assert json.loads((await stream.event())["data"]) == {"version": 1}
        block = await anext(await streams.open(Listener(PLOT, plot.check), older(3), True))
        assert json.loads(parse(block)[0]["data"]) == {"version": 1}
        assert memory.used < len(ROWS) * 3.1
        assert len(opened) == 2, "which hold their events"

    asyncio.run(run())


def test_events_are_dropped_when_listeners_had_time_to_read_them(
    plot: LargePlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MAX_SECONDS", 0.01)
    monkeypatch.setattr(plot_feed, "COMMENT_SECONDS", 0.01)

    async def run() -> None:
        memory = EventMemory()
        streams = EventStreams(plot.changes, is_one_process=True, memory=memory)
        async with following(plot, streams=streams) as stream:
            plot.append()
            await stream.event()
            async with asyncio.timeout(10):
                while memory.used > MAX_BLOCK:
                    await anext(stream.blocks)

    asyncio.run(run())


def test_slow_listeners_get_small_blocks(plot: LargePlot) -> None:
    async def run() -> None:
        streams = EventStreams(plot.changes, is_one_process=True)
        blocks: Any = await streams.open(Listener(PLOT, plot.check), older(1), True)
        found = [await anext(blocks)]
        while len(b"".join(found)) < len(ROWS):
            found.append(await anext(blocks))
        for _ in range(4):
            before = plot.looks
            plot.append()
            while plot.looks == before:
                await asyncio.sleep(0.001)
        found += [await anext(blocks) for _ in range(10)]
        assert max(map(len, found)) < MAX_BLOCK + 100
        assert len(parse(b"".join(found).rpartition(b"\n\n")[0] + b"\n\n")) >= 3

    asyncio.run(run())
