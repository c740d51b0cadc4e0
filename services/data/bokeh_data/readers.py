"""Reading many things at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

READERS = 16  # threads


def together(work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Return what `work` makes of each item, in their order; what one raises is raised."""
    if len(items) < 2:
        return [work(item) for item in items]
    return list(_pool().map(work, items))


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that read, made when they are needed: a new process has none of its parent's."""
    return ThreadPoolExecutor(READERS, "reader")
