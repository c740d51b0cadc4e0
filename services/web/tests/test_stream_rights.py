"""Listeners who may no longer see a plot get no more events, without a server."""

import asyncio

import pytest

from bokeh_common.http.auth.revocations import RevocationPublisher
from bokeh_web.live import plot_feed, rights
from bokeh_web.live.event_streams import EventStreams

from .followed_plot import FakePlot, following


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_feed, "MIN_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(rights, "REVOCATION_SECONDS", 0.01)


@pytest.fixture
def plot() -> FakePlot:
    return FakePlot()


def test_listeners_are_checked_when_the_visibility_changes(plot: FakePlot) -> None:
    async def run() -> None:
        async with following(plot) as stream:
            plot.visibility, plot.refused = "private", True
            plot.append()
            assert await stream.event() == {}, "the event that was made after the change is not sent"

    asyncio.run(run())


def test_listeners_are_checked_when_something_of_their_account_is_revoked(plot: FakePlot) -> None:
    async def run() -> None:
        streams = EventStreams(plot.changes, is_one_process=True)
        async with (
            following(plot, user="ada", streams=streams) as ada,
            following(plot, user="bob", streams=streams) as bob,
        ):
            plot.refused = True
            RevocationPublisher(None).publish("ada")
            await asyncio.sleep(0)
            plot.append()
            assert await bob.rows() == [0, 1]
            assert await ada.event() == {}

    asyncio.run(run())


def test_listeners_who_may_still_see_the_plot_miss_nothing_while_they_are_checked(plot: FakePlot) -> None:
    async def run() -> None:
        async with following(plot, user="ada") as stream:
            RevocationPublisher(None).publish("ada")
            await asyncio.sleep(0)
            plot.append()
            assert await stream.rows() == [0, 1]

    asyncio.run(run())


def test_listeners_are_checked_now_and_then(plot: FakePlot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "CHECK_SECONDS", 0.01)

    async def run() -> None:
        async with following(plot) as stream:
            plot.refused = True
            assert await stream.event() == {}

    asyncio.run(run())
