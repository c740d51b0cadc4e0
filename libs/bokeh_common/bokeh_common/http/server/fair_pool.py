"""A thread pool of which one account or client cannot take all threads, however many requests it sends."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from bokeh_common.errors import Unavailable
from bokeh_common.http.context.client_network import CLIENT_ADDRESS, client_network
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
        self._threads, self._for_one = threads, for_one
        self._max_seconds = max_seconds
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()

    def of_client(self) -> ThreadPool:
        """Return the threads as a pool whose calls belong to the client whose request this task processes."""
        return _ThreadsOfOne(self, client_network(CLIENT_ADDRESS.get()))

    async def run(self, user: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread of the pool for an account or a client, and return its result.

        Raises:
            Unavailable: no thread was available in time.
        """
        turns = self._turns_of_loop()
        await turns.take(user, self._max_seconds)
        call = asyncio.ensure_future(self._pool.run(function, *args, **kwargs))
        # The thread is busy until the call ends, also if the client has gone.
        call.add_done_callback(lambda call: turns.end(user, call))
        return await asyncio.shield(call)

    def _turns_of_loop(self) -> "_Turns":
        loop = asyncio.get_running_loop()
        if loop not in self._turns:
            threads = self._threads()
            self._turns[loop] = _Turns(threads, max(1, self._for_one(threads)))
        return self._turns[loop]


class _Turns:
    """The calls of an event loop that have a thread, and those that wait for one."""

    def __init__(self, threads: int, for_one: int) -> None:
        self._threads, self._for_one = threads, for_one
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    async def take(self, user: str, max_seconds: float | None) -> None:
        """Wait for a turn."""
        if self._may_start(user):
            self._running[user] += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((user, turn))
        try:
            async with asyncio.timeout(max_seconds):
                await turn
        except BaseException as error:
            self._give_up(user, turn)
            if isinstance(error, TimeoutError):
                raise Unavailable("The server is busy with other requests; send it again.") from None
            raise

    def end(self, user: str, call: "asyncio.Future[T]") -> None:
        """End the turn of a call."""
        if not call.cancelled():
            call.exception()  # if the caller has gone, it is not lost but meaningless
        self._release(user)

    def _release(self, user: str) -> None:
        self._running[user] -= 1
        self._running += Counter()  # drops those without calls
        for waiting in list(self._waiting):
            user, turn = waiting
            if self._may_start(user):
                self._waiting.remove(waiting)
                self._running[user] += 1
                turn.set_result(None)

    def _give_up(self, user: str, turn: "asyncio.Future[None]") -> None:
        if (user, turn) in self._waiting:
            self._waiting.remove((user, turn))
        elif turn.done() and not turn.cancelled():  # its turn came at the same moment
            self._release(user)

    def _may_start(self, user: str) -> bool:
        return self._running.total() < self._threads and self._running[user] < self._for_one


class _ThreadsOfOne(ThreadPool):
    """A fair pool, for calls of one account or client."""

    def __init__(self, pool: FairThreadPool, user: str) -> None:
        self._fair_pool, self._user = pool, user

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function on a thread of the pool, and return its result."""
        return await self._fair_pool.run(self._user, function, *args, **kwargs)
