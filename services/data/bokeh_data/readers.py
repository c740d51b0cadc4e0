"""Doing at the same time what has to wait for the storage: reading many things, or touching them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

THREADS = 16  # of each kind
READERS, HOLDERS = "reader", "holder"


def together(work: Callable[[Any], Any], items: list[Any], threads: str = READERS) -> list[Any]:
    """Return what `work` makes of each item, in their order; what one raises is raised."""
    if len(items) < 2:
        return [work(item) for item in items]
    return list(_pool(threads).map(work, items))


@cache
def _pool(name: str) -> ThreadPoolExecutor:
    """Return threads, made when they are needed: a new process has none of its parent's."""
    return ThreadPoolExecutor(THREADS, name)
