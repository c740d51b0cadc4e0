"""Repeating what a network broke, for a bounded time, and saying so when the outcome cannot be known."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from bokeh_common.errors import Conflict, Unavailable

ATTEMPTS = 4
FIRST_PAUSE = 0.05  # seconds; doubled each time, and spread so that clients do not come back all at once

T = TypeVar("T")


def persistently(call: Callable[[int], T], transient: Callable[[Exception], bool], seconds: float) -> T:
    """Return what a call returns, repeating it while its errors are transient.

    Args:
        call: takes the number of failed attempts before it; ends within `seconds` itself.
        transient: tells which errors may pass.
        seconds: no attempt begins later than this; so all is over in twice the time.
    """
    deadline = time.monotonic() + seconds
    for attempt in range(ATTEMPTS):
        try:
            return call(attempt)
        except Exception as error:
            pause = FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            last = attempt + 1 == ATTEMPTS or time.monotonic() + pause > deadline
            if last or not transient(error):
                raise
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def settle(won: bool, attempt: int, otherwise: str) -> None:
    """Raise `Conflict` when a compare-and-swap lost; `Unavailable` when an earlier attempt may have won."""
    if won:
        return
    if attempt:
        raise Unavailable(
            f"{otherwise} Whether by this very call is unknown, as the connection broke. Read it again."
        )
    raise Conflict(otherwise)
