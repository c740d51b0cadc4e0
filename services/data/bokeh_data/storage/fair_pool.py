"""A thread pool of which one account or client cannot take all threads, however many requests it sends."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from bokeh_common.errors import Unavailable
from bokeh_common.http.server.thread_pools import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class FairThreadPool:
    """A thread pool whose calls belong to an account or a client.

    Its further calls wait on the event loop, in their order, and hold no thread.
    """

    def __init__(
        self,
        name: str,
        threads: Callable[[], int],
        for_one: Callable[[int], int] = lambda threads: threads // 2,
        max_seconds: float | None = None,
    ) -> None:
        """Create a pool.

        Args:
            name: the beginning of the names of its threads.
            threads: returns their number.
            for_one: returns how many of them one account or client gets.
            max_seconds: how long a call waits for its turn.
        """
        self._pool = ThreadPool(name, threads)
        self._threads = threads
        self._for_one = for_one
        self._max_seconds = max_seconds
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    def of(self, user: str) -> ThreadPool:
        """Return the threads as a pool whose calls belong to an account or a client."""
        return _ThreadsOfOne(self, user)

    async def run(self, user: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread of the pool for an account, and return its result.

        Raises:
            Unavailable: no thread was available in time.
        """
        if self._may_start(user):
            self._running[user] += 1
        else:
            await self._wait(user)
        call = asyncio.ensure_future(self._pool.run(function, *args, **kwargs))
        # The thread is busy until the call ends, also if the client has gone.
        call.add_done_callback(lambda call: self._end(user, call))
        return await asyncio.shield(call)

    def _end(self, user: str, call: "asyncio.Future[T]") -> None:
        if not call.cancelled():
            call.exception()  # if the caller has gone, it is not lost but meaningless
        self._release(user)

    def _release(self, user: str) -> None:
        self._running[user] -= 1
        self._running += Counter()  # drops accounts without calls
        self._wake()

    async def _wait(self, user: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((user, turn))
        try:
            async with asyncio.timeout(self._max_seconds):
                await turn
        except BaseException as error:
            self._give_up(user, turn)
            if isinstance(error, TimeoutError):
                raise Unavailable(
                    "The server is busy with other requests at the moment; send it again."
                ) from None
            raise

    def _give_up(self, user: str, turn: "asyncio.Future[None]") -> None:
        if (user, turn) in self._waiting:
            self._waiting.remove((user, turn))
        elif turn.done() and not turn.cancelled():  # its turn came at the same moment
            self._release(user)

    def _may_start(self, user: str) -> bool:
        threads = self._threads()
        return self._running.total() < threads and self._running[user] < max(1, self._for_one(threads))

    def _wake(self) -> None:
        for waiting in list(self._waiting):
            user, turn = waiting
            if self._may_start(user):
                self._waiting.remove(waiting)
                self._running[user] += 1
                turn.set_result(None)


class _ThreadsOfOne(ThreadPool):
    """A fair pool, for calls of one account or client."""

    def __init__(self, pool: FairThreadPool, user: str) -> None:
        self._fair_pool, self._user = pool, user

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread of the pool, and return its result."""
        return await self._fair_pool.run(self._user, function, *args, **kwargs)
