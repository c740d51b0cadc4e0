"""The counter of views reports to the plots service, even after that was unavailable for a while."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bokeh_common.errors import Unavailable
from bokeh_web import view_counter
from bokeh_web.view_counter import ViewCounter


class RecordingPlots:
    """Records the reported counts, unless it is unavailable."""

    def __init__(self) -> None:
        self.failures = 0
        self.is_stuck = False
        self.reported: list[dict[str, int]] = []

    async def add_views(self, views: dict[str, int]) -> None:
        """Record the counts."""
        if self.is_stuck:
            await asyncio.Event().wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable("The plots service does not respond.")
        self.reported.append(views)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def test_views_are_reported_together_and_later_ones_in_a_report_of_their_own() -> None:
    plots: Any = RecordingPlots()

    async def run() -> None:
        views = ViewCounter(plots, seconds=0.01)
        for plot in "aab":
            views.count(plot)
        assert plots.reported == []
        await until(lambda: plots.reported)
        views.count("c")
        await until(lambda: len(plots.reported) == 2)

    asyncio.run(run())
    assert plots.reported == [{"a": 2, "b": 1}, {"c": 1}]


def test_counts_that_could_not_be_reported_are_reported_later() -> None:
    plots: Any = RecordingPlots()
    plots.failures = 2

    async def run() -> None:
        views = ViewCounter(plots, seconds=0.001)
        views.count("a")
        await until(lambda: plots.failures == 1)
        views.count("b")
        await until(lambda: plots.reported)

    asyncio.run(run())
    assert plots.reported == [{"a": 1, "b": 1}]


def test_the_last_counts_are_reported_when_the_process_stops() -> None:
    plots: Any = RecordingPlots()

    async def run() -> None:
        views = ViewCounter(plots, seconds=60)
        await views.process_shutdown({}, {})
        views.count("a")
        await views.process_shutdown({}, {})

    asyncio.run(run())
    assert plots.reported == [{"a": 1}]


def test_a_process_that_stops_does_not_wait_for_the_plots_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_counter, "LAST_REPORT_SECONDS", 0.01)
    plots: Any = RecordingPlots()
    plots.is_stuck = True

    async def run() -> None:
        views = ViewCounter(plots, seconds=60)
        views.count("a")
        await views.process_shutdown({}, {})

    asyncio.run(asyncio.wait_for(run(), 5))
