"""Retries of storage calls after network errors, within a bounded time."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from bokeh_common.storage.failures import ObjectChanged, StorageUnavailable

ATTEMPTS = 4

#: Doubled after each attempt, and randomized, so that clients do not retry all at once.
FIRST_BACKOFF_SECONDS = 0.05

T = TypeVar("T")


def retry_transient(call: Callable[[int], T], transient: Callable[[Exception], bool], seconds: float) -> T:
    """Call a function, repeat it after transient errors, and return its result.

    Args:
        call: is passed the number of failed attempts so far; each call takes at most `seconds`.
        transient: returns whether an error is transient.
        seconds: no attempt is started later than this, so all of them end within twice the time.
    """
    deadline = time.monotonic() + seconds
    for attempt in range(ATTEMPTS):
        try:
            return call(attempt)
        except Exception as error:
            pause = FIRST_BACKOFF_SECONDS * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
            last = attempt + 1 == ATTEMPTS or time.monotonic() + pause > deadline
            if last or not transient(error):
                raise
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def require_swapped(won: bool, attempt: int, otherwise: str) -> None:
    """Check the outcome of a compare-and-swap.

    Args:
        won: whether it succeeded.
        attempt: the number of failed attempts before it.
        otherwise: the error message.

    Raises:
        Conflict: it did not succeed.
        Unavailable: it did not succeed, but an earlier attempt whose response was lost may have.
    """
    if won:
        return
    if attempt:
        raise StorageUnavailable(
            f"{otherwise} As the connection broke, it may have been this call that changed it. Read it again."
        )
    raise ObjectChanged(otherwise)
