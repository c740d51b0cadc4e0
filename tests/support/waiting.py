"""Waits for conditions."""

import time
from collections.abc import Callable

PAUSE = 0.05  # seconds


def wait_until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Return once a condition holds.

    Raises:
        AssertionError: it does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(PAUSE)
