"""How long a draining process serves requests."""

import asyncio

import pytest

from bokeh_common.http.server import draining
from bokeh_common.http.server.draining import LAST_REQUEST, wait_until_idle

SECONDS = 3.0
PERIODS = 4
INTERVAL = 0.125  # between two requests


class Clock:
    """Replaces `time` and `asyncio`: `sleep` advances the time, and requests arrive for `busy_seconds`."""

    def __init__(self, busy_seconds: float) -> None:
        self.now, self.busy_seconds = 0.0, busy_seconds

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + INTERVAL)
            if self.now < self.busy_seconds:
                LAST_REQUEST.record()


def drained_after(monkeypatch: pytest.MonkeyPatch, busy_seconds: float) -> float:
    """Return how long a process drains that gets requests for `busy_seconds`."""
    clock = Clock(busy_seconds)
    monkeypatch.setenv("BOKEH_CLOUD_DRAIN_SECONDS", str(SECONDS))
    monkeypatch.setattr(draining, "time", clock)
    monkeypatch.setattr(draining, "asyncio", clock)
    monkeypatch.setattr(LAST_REQUEST, "time", 0.0)
    asyncio.run(wait_until_idle(PERIODS))
    return clock.now


def test_without_requests_it_drains_for_the_drain_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drained_after(monkeypatch, 0) == SECONDS


def test_it_drains_until_the_drain_seconds_after_the_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drained_after(monkeypatch, SECONDS) == 2 * SECONDS - INTERVAL


def test_it_stops_draining_in_spite_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drained_after(monkeypatch, 60) == PERIODS * SECONDS
