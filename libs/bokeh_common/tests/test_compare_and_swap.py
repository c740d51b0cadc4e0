"""The retry loop of compare-and-swap."""

import asyncio

import pytest

from bokeh_common import compare_and_swap as module
from bokeh_common.compare_and_swap import compare_and_swap, compare_and_swap_async
from bokeh_common.errors import Conflict, NotFound, Unavailable


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAUSE_SECONDS", 0.0)


def test_a_lost_swap_reads_the_state_again() -> None:
    states = iter(range(9))

    def write(state: int) -> int:
        if state < 3:
            raise Conflict("changed")
        return state

    assert compare_and_swap(lambda: next(states), write, Unavailable("busy")) == 3


def test_the_last_attempt_raises_that_the_state_is_busy() -> None:
    reads: list[None] = []

    def write(_: None) -> None:
        raise Conflict("changed")

    with pytest.raises(Unavailable, match="busy"):
        compare_and_swap(lambda: reads.append(None), write, Unavailable("busy"), attempts=4)
    assert len(reads) == 4


def test_other_errors_are_raised_at_once() -> None:
    def missing() -> None:
        raise NotFound("missing")

    def taken(_: None) -> None:
        raise Conflict("taken", slug="username-taken")

    def conflicting() -> None:
        raise Conflict("this source is frozen")

    with pytest.raises(NotFound):
        compare_and_swap(missing, lambda _: None, Unavailable("busy"))
    with pytest.raises(Conflict, match="taken"):
        compare_and_swap(lambda: None, taken, Unavailable("busy"))
    with pytest.raises(Conflict, match="frozen"):
        compare_and_swap(conflicting, lambda _: None, Unavailable("busy"))


def test_coroutines_are_repeated_until_they_win() -> None:
    states = iter(range(9))

    async def swap() -> int:
        if (state := next(states)) < 3:
            raise Conflict("changed")
        return state

    assert asyncio.run(compare_and_swap_async(swap, Unavailable("busy"))) == 3
    states = iter(range(9))
    with pytest.raises(Unavailable, match="busy"):
        asyncio.run(compare_and_swap_async(swap, Unavailable("busy"), attempts=2))


def test_coroutines_raise_other_errors_at_once() -> None:
    async def taken() -> None:
        raise Conflict("taken", slug="username-taken")

    with pytest.raises(Conflict, match="taken"):
        asyncio.run(compare_and_swap_async(taken, Unavailable("busy")))
