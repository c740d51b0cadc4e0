"""What listeners hear, without a server."""

from collections.abc import Iterator
from typing import Any

import pytest

from bokeh_common.errors import NotFound
from bokeh_web import events
from bokeh_web.events import Streams, state_of


def view(version: int = 1, **columns: int) -> dict[str, Any]:
    return {"version": version, "columns": columns}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.001)


def look_at(*views: dict[str, Any]) -> Any:
    """Return what finds one of these after the other, and then nothing."""
    left: Iterator[dict[str, Any]] = iter(views)

    def look() -> dict[str, Any]:
        found = next(left, None)
        if found is None:
            raise NotFound("It is gone.")
        return found

    return look


def kinds(stream: events.Stream) -> list[str]:
    lines = b"".join(stream).decode().splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def test_changes_of_data_and_versions() -> None:
    seen = look_at(view(1, a=1), view(1, b=1), view(1, b=1), view(2, b=1), view(10, c=1))
    assert kinds(Streams().open(seen, None, True)) == ["data", "version", "version"]


def test_who_knows_an_older_state_is_told_at_once() -> None:
    now = view(1, a=1)
    assert kinds(Streams().open(look_at(now), state_of(view(1, b=1)), False)) == ["data"]
    assert kinds(Streams().open(look_at(now), state_of(view(10, a=1)), False)) == ["version"]
    assert kinds(Streams().open(look_at(now), state_of(now), False)) == []
    assert kinds(Streams().open(look_at(now), "what is this?\n\nevent: x", False)) == ["version"]


def test_one_too_many_is_answered_and_sent_away_until_there_is_room() -> None:
    streams, now = Streams(most=1), view(1, a=1)
    held = streams.open(look_at(now), None, True)
    assert b"".join(streams.open(look_at(now), None, True)) == b"retry: 10000\n\n"
    held.close()
    held.close()
    assert next(streams.open(look_at(now), None, True)) == b"retry: 3000\n\n"
    assert next(streams.open(look_at(now), None, True)) == b"retry: 10000\n\n"


def test_what_is_gone_ends_the_stream_and_is_not_begun() -> None:
    assert list(Streams().open(look_at(view()), None, True)) == [b"retry: 3000\n\n"]
    with pytest.raises(NotFound):
        Streams().open(look_at(), None, True)
