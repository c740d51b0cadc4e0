"""Views are counted, also when those who keep the numbers were away for a while."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bokeh_common.errors import Unavailable
from bokeh_web.views import Views


class Keeper:
    """Keeps the numbers, unless it is away."""

    def __init__(self) -> None:
        self.away = False
        self.told: list[dict[str, int]] = []

    def count(self, views: dict[str, int]) -> None:
        """Be told."""
        if self.away:
            raise Unavailable("It is away.")
        self.told.append(views)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What the timers that run will do; they ring when the test says so."""
    running: list[Callable[[], None]] = []

    class Timer(threading.Timer):
        def start(self) -> None:
            running.append(self.function)

    monkeypatch.setattr(threading, "Timer", Timer)
    return running


def test_views_are_told_together(timers: list[Callable[[], None]]) -> None:
    keeper: Any = Keeper()
    views = Views(keeper)
    for plot in "aab":
        views.note(plot)
    [ring] = timers
    ring()
    assert keeper.told == [{"a": 2, "b": 1}]


def test_what_could_not_be_told_is_told_with_the_next_view(timers: list[Callable[[], None]]) -> None:
    keeper: Any = Keeper()
    views = Views(keeper)
    keeper.away = True
    views.note("a")
    timers.pop()()
    keeper.away = False
    views.note("b")
    timers.pop()()
    assert keeper.told == [{"a": 1, "b": 1}]
