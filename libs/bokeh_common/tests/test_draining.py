"""How long a process goes on that is told to end."""

import threading
import time

import pytest

from bokeh_common.http.draining import ASKED, MOST, wait_until_quiet

SECONDS = 0.2


def waited(monkeypatch: pytest.MonkeyPatch, asked_for: float) -> float:
    """Return for how long it goes on while it is asked for that long."""
    monkeypatch.setenv("BOKEH_CLOUD_DRAIN_SECONDS", str(SECONDS))
    begun = time.monotonic()
    waiting = threading.Thread(target=wait_until_quiet)
    waiting.start()
    while waiting.is_alive():
        if time.monotonic() - begun < asked_for:
            ASKED.note()
        time.sleep(0.01)
    return time.monotonic() - begun


def test_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SECONDS <= waited(monkeypatch, 0) < 2 * SECONDS


def test_it_goes_on_while_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, SECONDS) >= 1.9 * SECONDS


def test_it_ends_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST * SECONDS <= waited(monkeypatch, 60) < 2 * MOST * SECONDS
