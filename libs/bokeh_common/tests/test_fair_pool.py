"""One account, or one client, cannot take all threads of a pool."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.http.context.client_network import CLIENT_ADDRESS
from bokeh_common.http.server.fair_pool import FairThreadPool
from bokeh_common.http.server.thread_pools import core_count

THREADS = 4


class Gate:
    """Calls that run until the gate is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.running: list[str] = []

    def call(self, user: str) -> str:
        """Run until the gate is opened, 10 seconds at most."""
        self.running.append(user)
        assert self.opened.wait(10)
        return user


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


async def start(pool: FairThreadPool, gate: Gate, *users: str) -> "list[asyncio.Task[str]]":
    """Start calls, and return when those that can have started."""
    calls = [asyncio.ensure_future(pool.run(user, gate.call, user)) for user in users]
    await asyncio.sleep(0.1)
    return calls


def test_an_account_gets_half_of_the_threads(gate: Gate) -> None:
    async def scenario() -> None:
        pool = FairThreadPool("fair", lambda: THREADS)
        calls = await start(pool, gate, *["eve"] * 20)
        assert gate.running == ["eve"] * 2
        calls += await start(pool, gate, "ada", "bob", "cy")
        assert gate.running == ["eve", "eve", "ada", "bob"]
        gate.opened.set()
        assert await asyncio.gather(*calls) == ["eve"] * 20 + ["ada", "bob", "cy"]

    asyncio.run(scenario())


def test_a_call_that_waits_too_long_is_unavailable(gate: Gate) -> None:
    async def scenario() -> None:
        pool = FairThreadPool("fair", lambda: THREADS, max_seconds=0.05)
        calls = await start(pool, gate, *["eve"] * 3)
        with pytest.raises(Unavailable, match="busy"):
            await calls[2]
        gate.opened.set()
        assert await asyncio.gather(*calls[:2]) == ["eve", "eve"]
        assert await pool.run("eve", gate.call, "eve") == "eve"

    asyncio.run(scenario())


def test_clients_that_leave_do_not_free_threads_that_are_busy(gate: Gate) -> None:
    async def scenario() -> None:
        pool = FairThreadPool("fair", lambda: THREADS)
        for _ in range(3):
            for call in await start(pool, gate, "eve", "eve"):
                call.cancel()
        assert gate.running == ["eve"] * 2
        gate.opened.set()
        assert await asyncio.wait_for(pool.run("eve", gate.call, "eve"), 5) == "eve"

    asyncio.run(scenario())


def test_calls_that_were_given_up_while_they_waited_take_no_thread(gate: Gate) -> None:
    async def scenario() -> None:
        pool = FairThreadPool("fair", lambda: 2)
        first, second, third = await start(pool, gate, "eve", "eve", "eve")
        second.cancel()
        gate.opened.set()
        assert [await first, await third] == ["eve", "eve"]
        assert gate.running == ["eve", "eve"]

    asyncio.run(scenario())


def test_errors_are_raised_and_free_the_thread() -> None:
    async def scenario() -> None:
        pool = FairThreadPool("fair", lambda: 2)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await pool.run("ada", lambda: 1 // 0)

    asyncio.run(scenario())


def test_a_client_leaves_a_thread_for_the_queries_of_others(gate: Gate) -> None:
    pool = FairThreadPool("fair", lambda: core_count() + 1, lambda threads: threads - 1)

    async def scenario() -> None:
        async def query(address: str) -> str:
            CLIENT_ADDRESS.set(address)
            return await pool.of_client().run(gate.call, address)

        calls = [asyncio.ensure_future(query("192.0.2.1")) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert gate.running == ["192.0.2.1"] * core_count()
        calls.append(asyncio.ensure_future(query("192.0.2.2")))
        await asyncio.sleep(0.1)
        assert gate.running[-1] == "192.0.2.2"
        gate.opened.set()
        await asyncio.gather(*calls)

    asyncio.run(scenario())
