"""Response bodies that are read in blocks from blocking iterators, on a thread pool."""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Any

from bokeh_common.http.server.thread_pools import STORAGE, ThreadPool
from bokeh_common.read_size import READ_BYTES

#: Bytes that are fetched at once for a client: at first, and for the fastest ones.
MIN_FETCH, MAX_FETCH = 1 << 16, 1 << 20

#: A client that took a fetched piece sooner than this gets twice as much the next time, others get half.
FAST_SECONDS = 0.05

#: The maximum number of bytes that all streams of a process fetch; above it, each fetches `MIN_FETCH`.
MAX_IN_FLIGHT = 32 << 20


class BytesInFlight:
    """Counts the bytes that streams have fetched, and that their connections have not yet sent."""

    def __init__(self) -> None:
        self.total = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether streams should fetch as little as possible."""
        return self.total > MAX_IN_FLIGHT


IN_FLIGHT = BytesInFlight()


class BlockStream:
    """An asynchronous iterator over the blocks of a blocking one, for `falcon.asgi.Response.stream`.

    Blocks are fetched by calls on a thread pool, a thread is held only while one is made. How much is fetched
    at once depends on the speed of the client, so that slow ones occupy little memory.
    """

    def __init__(self, blocks: Iterator[bytes], pool: ThreadPool = STORAGE) -> None:
        """Wrap an iterator; use `start` to fetch its first block before the response begins."""
        self._blocks = blocks
        self._pool = pool
        self._first = b""
        self._held = 0
        self._fetch = MIN_FETCH
        self._fetched = 0.0
        self._lock = threading.Lock()  # a generator cannot be closed while it runs

    @classmethod
    async def start(
        cls, make: Callable[..., Iterable[bytes]], *args: Any, pool: ThreadPool = STORAGE
    ) -> "BlockStream":
        """Create the blocks and fetch the first, so that errors of both are raised now."""

        def first() -> tuple[Iterator[bytes], bytes]:
            blocks = iter(make(*args))
            return blocks, next(blocks, b"")

        blocks, first_block = await pool.run(first)
        stream = cls(blocks, pool)
        stream._first = first_block
        stream._hold(len(first_block))
        return stream

    def __aiter__(self) -> "BlockStream":
        return self

    async def __anext__(self) -> bytes:
        block, self._first = self._first, b""
        if not block:
            self._adapt()
            self._hold(self._fetch)  # before it is fetched, since many streams fetch at the same time
            block = await self._pool.run(self._take, self._fetch)
            self._fetched = time.monotonic()
            self._hold(len(block))
        if not block:
            raise StopAsyncIteration
        return block

    async def close(self) -> None:
        """Close the blocks; falcon calls this when the response has ended in any way."""
        self._first = b""
        self._hold(0)
        if hasattr(self._blocks, "close"):
            await self._pool.run(self._close)

    def __del__(self) -> None:
        self._hold(0)  # falcon does not close the stream of a response to HEAD

    def _take(self, size: int) -> bytes:
        """Return the next blocks, until they have at least `size` bytes, as one: a message takes time."""
        taken, total = list[bytes](), 0
        READ_BYTES.set(size)  # until this call ends: the pool runs it in a context of its own
        with self._lock:
            for block in self._blocks:
                taken.append(block)
                total += len(block)
                if total >= size:
                    break
        return b"".join(taken)

    def _close(self) -> None:
        with self._lock:
            close_blocks(self._blocks)

    def _adapt(self) -> None:
        if IN_FLIGHT.is_exhausted or not self._fetched:
            self._fetch = MIN_FETCH
        elif time.monotonic() - self._fetched < FAST_SECONDS:
            self._fetch = min(self._fetch * 2, MAX_FETCH)
        else:
            self._fetch = max(self._fetch // 2, MIN_FETCH)

    def _hold(self, size: int) -> None:
        """Count so many bytes as being sent, until the next ones are fetched."""
        IN_FLIGHT.total += size - self._held
        self._held = size


class StartedStream:
    """An asynchronous generator whose first block was fetched before the response begins."""

    def __init__(self, first: list[bytes], others: AsyncGenerator[bytes, None]) -> None:
        self._first = first
        self._others = others

    @classmethod
    async def start(cls, blocks: AsyncGenerator[bytes, None]) -> "StartedStream":
        """Fetch the first block, so that its errors are raised now."""
        return cls([await anext(blocks, b"")], blocks)

    def __aiter__(self) -> "StartedStream":
        return self

    async def __anext__(self) -> bytes:
        return self._first.pop() if self._first else await anext(self._others)

    async def close(self) -> None:
        """Close the generator."""
        await self._others.aclose()


def close_blocks(blocks: object) -> None:
    """Close an iterator, if it is one that can be closed."""
    close = getattr(blocks, "close", None)
    if close is not None:
        close()
