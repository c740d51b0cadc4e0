"""The bounded thread pools of a process, in which everything runs that would block the event loop.

There are three here, so that neither computing nor uploads queue before small reads:

* `STORAGE` for calls that wait for storage, DNS or mail servers (`BOKEH_CLOUD_THREADS` threads);
* `COMPUTE` for calls that use the processor for more than about a millisecond (a thread for each core);
* `FILES` for temporary files of bodies (`FILE_THREADS` threads), as a full disk cache can block each write.

A function that runs in one of them never waits for another service or for another call in the same pool. The
collector, which does wait, has a `ServiceCallPool` of its own (`http.client.blocking_client`).
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property, partial
from typing import ParamSpec, TypeVar

from bokeh_common.http.server.process_settings import thread_count

#: Bytes of JSON that are processed on the event loop, in less than about a millisecond; more on a thread.
MAX_ON_LOOP = 1 << 14

FILE_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class ThreadPool:
    """A pool whose threads are started when they are first needed, since a forked process has none."""

    def __init__(self, name: str, threads: Callable[[], int]) -> None:
        """Create a pool.

        Args:
            name: the beginning of the names of its threads.
            threads: returns their number.
        """
        self._name = name
        self._threads = threads

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread of the pool, with the context of the caller, and return its result.

        If the caller is cancelled, a call that has not started is dropped; one that has started ends unheard.
        """
        call = partial(copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads(), self._name)


STORAGE = ThreadPool("storage", thread_count)


def core_count() -> int:
    """Return how many cores this process may use; macOS does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


FILES = ThreadPool("files", lambda: FILE_THREADS)
COMPUTE = ThreadPool("compute", core_count)


async def compute(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that processes `size` bytes of JSON: on the event loop, many on `COMPUTE`."""
    if size <= MAX_ON_LOOP:
        return function(*args, **kwargs)
    return await COMPUTE.run(function, *args, **kwargs)
