"""How long view tokens are valid, on hosts whose clocks differ."""

import time
from datetime import timedelta

import pytest

from bokeh_auth.credentials.view_tokens import MAX_CLOCK_SKEW, View, ViewTokens

LIFETIME = 900  # seconds


def verified_after(monkeypatch: pytest.MonkeyPatch, seconds: float) -> View | None:
    """Return what a token grants on a host whose clock has moved by so many seconds."""
    tokens = ViewTokens(lambda: [bytes(32)], timedelta(seconds=LIFETIME))
    token, signed = tokens.create("ada", "plot"), time.time()
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: signed + seconds)
        return tokens.verify(token)


@pytest.mark.parametrize("seconds", [1 - MAX_CLOCK_SKEW, -1, 0, LIFETIME - 1])
def test_a_token_is_valid_while_it_lives(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    assert verified_after(monkeypatch, seconds) == View("ada", "plot")


@pytest.mark.parametrize("seconds", [-2 * MAX_CLOCK_SKEW, LIFETIME + 2])
def test_a_token_is_invalid_afterwards_and_long_before(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    assert verified_after(monkeypatch, seconds) is None
