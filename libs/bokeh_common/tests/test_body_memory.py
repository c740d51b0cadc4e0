"""Requests reserve memory for what they parse, in their order, until they end."""

import asyncio

import pytest

from bokeh_common.errors import TooLarge
from bokeh_common.http.body_memory import BodyMemory
from bokeh_common.http.json_memory import MAX_BYTES, estimate_memory


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Requests:
    """Tasks that reserve memory of which there are 100 bytes, and then wait for their end."""

    def __init__(self) -> None:
        self.memory = BodyMemory(100)
        self.admitted: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def start(self, name: str, size: int) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, size))
        await settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settle()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await settle()

    async def _run(self, name: str, size: int) -> None:
        await self.memory.reserve(size)
        self.admitted.append(name)
        await self._ends[name].wait()


def test_requests_wait_until_there_is_memory_and_in_their_order() -> None:
    async def scenario() -> None:
        requests = Requests()
        for name, size in (("a", 60), ("b", 60), ("c", 10)):
            await requests.start(name, size)
        assert requests.admitted == ["a"]
        await requests.end("a")
        assert requests.admitted == ["a", "b", "c"]
        await requests.end("b")
        await requests.end("c")
        assert requests.memory.reserved == 0

    asyncio.run(scenario())


def test_a_request_that_is_cancelled_returns_what_it_reserved() -> None:
    async def scenario() -> None:
        requests = Requests()
        for name, size in (("a", 60), ("b", 90), ("c", 40)):
            await requests.start(name, size)
        await requests.cancel("b")
        assert requests.admitted == ["a", "c"]
        await requests.cancel("a")
        await requests.cancel("c")
        assert requests.memory.reserved == 0

    asyncio.run(scenario())


def test_a_request_that_is_cancelled_at_its_turn_returns_what_it_reserved() -> None:
    async def scenario() -> None:
        requests = Requests()
        await requests.start("a", 60)
        await requests.start("b", 60)
        requests.tasks["a"].cancel()
        while requests.memory._waiting:
            await asyncio.sleep(0)
        requests.tasks["b"].cancel()
        await settle()
        assert requests.memory.reserved == 0

    asyncio.run(scenario())


def test_the_largest_body_is_parsed_alone() -> None:
    async def scenario() -> None:
        requests = Requests()
        await requests.start("a", 1000)
        await requests.start("b", 1)
        assert requests.admitted == ["a"]
        await requests.end("a")
        assert requests.admitted == ["a", "b"]
        await requests.end("b")

    asyncio.run(scenario())


def test_the_requests_that_a_request_makes_do_not_wait_for_it() -> None:
    async def scenario() -> None:
        memory = BodyMemory(100)
        await memory.reserve(80)
        async with asyncio.timeout(5):
            await asyncio.create_task(memory.reserve(80))

    asyncio.run(scenario())


@pytest.mark.parametrize("escape", ["€", "😀", "\\ud83d\\ude00"])
def test_one_wide_character_makes_a_string_larger(escape: str) -> None:
    text = "x" * 100_000
    assert estimate_memory([f'["{escape}{text}"]'.encode()]) > 1.4 * estimate_memory([f'["{text}"]'.encode()])


def test_values_count_before_they_are_parsed() -> None:
    with pytest.raises(TooLarge, match="too many values"):
        estimate_memory([b"[" + b"0," * (MAX_BYTES // 40)])
