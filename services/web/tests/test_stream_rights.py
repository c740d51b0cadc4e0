"""Listeners who may no longer see a plot get no more events, without a server."""

import asyncio
from typing import Any

import pytest

from bokeh_common.errors import CloudError, NotFound, TooManyRequests
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


@pytest.mark.parametrize(
    "refusal", [NotFound("This plot is private."), TooManyRequests("Too many wrong keys.")]
)
def test_listeners_are_checked_now_and_then(
    plot: FakePlot, monkeypatch: pytest.MonkeyPatch, refusal: CloudError
) -> None:
    """A client cannot keep a stream with an expired key by sending wrong keys, which get a 429."""
    monkeypatch.setattr(rights, "CHECK_SECONDS", 0.01)
    plot.refusal = refusal

    async def run() -> None:
        async with following(plot) as stream:
            plot.refused = True
            assert await stream.event() == {}

    asyncio.run(run())


class PlotThatIsClosed(FakePlot):
    """A plot that is made private when a listener that was checked has not joined yet."""

    async def changes(self, plot: str, since: str, until: str | None) -> dict[str, Any]:
        if not self.refused and (until is not None or self.is_closed_at_first):
            self.visibility, self.refused = "private", True
            if until is not None:
                self.change()
                looks = self.looks
                while self.looks == looks:
                    await asyncio.sleep(0.01)
        return await super().changes(plot, since, until)

    def __init__(self, is_closed_at_first: bool) -> None:
        super().__init__()
        self.is_closed_at_first = is_closed_at_first


def test_a_plot_that_is_made_private_while_a_listener_joins_sends_it_nothing() -> None:
    async def run() -> None:
        plot = PlotThatIsClosed(is_closed_at_first=False)
        streams = EventStreams(plot.changes, is_one_process=True)
        async with (
            following(plot, user="ada", streams=streams),
            following(plot, "1-1-1", "bob", streams) as late,
        ):
            plot.append()
            assert await late.event() == {}

    asyncio.run(run())


def test_a_plot_that_is_made_private_before_the_first_look_has_no_listener() -> None:
    async def run() -> None:
        plot = PlotThatIsClosed(is_closed_at_first=True)
        with pytest.raises(NotFound):
            async with following(plot):
                pass

    asyncio.run(run())
