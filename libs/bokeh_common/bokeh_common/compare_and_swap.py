"""Optimistic concurrency: read a state and write a changed one, until no other writer comes in between."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bokeh_common.errors import CloudError, Conflict

ATTEMPTS = 20
FIRST_PAUSE_SECONDS = 0.01  # doubled after each attempt, and randomized
MAX_PAUSE_SECONDS = 0.2

State = TypeVar("State")
Result = TypeVar("Result")


def compare_and_swap(
    read: Callable[[], State], write: Callable[[State], Result], busy: CloudError, attempts: int = ATTEMPTS
) -> Result:
    """Read a state and write a changed one, again and again while other writers change it in between.

    Args:
        read: returns the current state; all of its errors are raised.
        write: writes under the condition that the state is still the one it gets, and returns the result. It
            raises `Conflict` if the condition does not hold. A `Conflict` with a slug of its own is raised.
        busy: is raised after the last attempt.
        attempts: how often to try.
    """
    for attempt in range(attempts):
        state = read()
        try:
            return write(state)
        except Conflict as error:
            if error.kind != Conflict.slug:
                raise
        time.sleep(_pause(attempt))
    raise busy


async def compare_and_swap_async(
    swap: Callable[[], Awaitable[Result]], busy: CloudError, attempts: int = ATTEMPTS
) -> Result:
    """Like `compare_and_swap`, for changes that wait for other services: no thread is held meanwhile.

    Args:
        swap: reads the current state, writes a changed one under the condition that it is still current, and
            returns the result. It raises `Conflict` if the condition does not hold. A `Conflict` with a slug
            of its own is raised.
        busy: is raised after the last attempt.
        attempts: how often to try.
    """
    for attempt in range(attempts):
        try:
            return await swap()
        except Conflict as error:
            if error.kind != Conflict.slug:
                raise
        await asyncio.sleep(_pause(attempt))
    raise busy


def _pause(attempt: int) -> float:
    """Return how many seconds to wait after an attempt."""
    return random.uniform(0, min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311  # no secret
