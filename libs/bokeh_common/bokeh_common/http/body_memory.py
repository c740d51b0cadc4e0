"""Bounds the memory of the large bodies that a process has parsed at the same time.

A request that has reserved memory keeps it until it ends, since what was parsed is used until then. The
requests that it makes of other services in the same process belong to it, and reserve nothing: they would
wait for memory that it holds.
"""

import asyncio
from collections import deque
from contextvars import ContextVar

#: Bytes that all parsed bodies of a process may take. One body may always take as much as it is allowed.
MAX_PARSED_BYTES = 256 << 20

_IS_RESERVED: ContextVar[bool] = ContextVar("memory is reserved", default=False)


class BodyMemory:
    """Memory that requests reserve, in the order in which they ask for it."""

    def __init__(self, limit: int = MAX_PARSED_BYTES) -> None:
        """Allow `limit` bytes."""
        self._limit = limit
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()
        self.reserved = 0

    async def reserve(self, size: int) -> None:
        """Wait until `size` bytes are free, and reserve them until the task of this request ends."""
        task = asyncio.current_task()
        if _IS_RESERVED.get() or task is None:
            return
        size = min(size, self._limit)
        if self._waiting or self.reserved + size > self._limit:
            await self._wait(size)
        else:
            self.reserved += size
        _IS_RESERVED.set(True)
        task.add_done_callback(lambda _: self._release(size))

    async def _wait(self, size: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(size)
            else:
                self._waiting.remove((size, turn))
                self._admit()
            raise

    def _release(self, size: int) -> None:
        self.reserved -= size
        self._admit()

    def _admit(self) -> None:
        """Let those continue for which there is memory now, in their order."""
        while self._waiting and self.reserved + self._waiting[0][0] <= self._limit:
            size, turn = self._waiting.popleft()
            if not turn.cancelled():
                self.reserved += size
                turn.set_result(None)


BODY_MEMORY = BodyMemory()
