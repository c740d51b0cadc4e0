"""How a garbage collector looks at what a service holds: `/internal/{service}/rooms/{room}`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import falcon
import msgspec

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_query

MAX_PAGE = 10_000
COLLECT = Access(None, service="internal:collect")


class Room(Protocol):
    """What is asked of a room; see `bokeh_common.storage.rooms`."""

    def page(self, prefix: str, after: str, limit: int) -> Sequence[tuple[Any, ...]]:
        """Return the first things."""

    def lines(self, prefix: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of the first things, or keys and etags."""

    def keys(self, prefix: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of the first things."""

    def inspect(self, keys: Sequence[str]) -> Sequence[tuple[Any, ...] | None]:
        """Look at things one by one."""

    def refers(self, keys: Sequence[str]) -> Sequence[str]:
        """Return what things refer to, all in one list."""

    def verify(self, keys: Sequence[str]) -> Sequence[bool]:
        """Tell which things are as they were written."""

    def quarantine(self, keys: Sequence[str]) -> Sequence[bool]:
        """Move things out of the way."""

    def withdraw(self, things: Sequence[tuple[str, str]]) -> Sequence[bool]:
        """End the writes that were left halfway."""

    def collect(self, things: Sequence[tuple[str, str]]) -> Sequence[bool]:
        """Delete what has not changed."""


class Page(msgspec.Struct):
    """Which page of a room; keys as they are, since services read them alone."""

    prefix: str = ""
    after: str = ""
    limit: int = 1000
    brief: Literal["lines", "keys"] | None = None


class OneRoom:
    """`GET /internal/{service}/rooms/{room}`."""

    access = {"GET": COLLECT}

    def __init__(self, rooms: Mapping[str, Room]) -> None:
        self._rooms = rooms

    def on_get(self, req: falcon.Request, resp: falcon.Response, room: str) -> None:
        """List things in the order of their keys, or briefly their keys, or keys and etags."""
        asked, found = read_query(req, Page), _room(self._rooms, room)
        page = getattr(found, asked.brief or "page")
        _answer(resp, page(asked.prefix, asked.after, min(max(asked.limit, 1), MAX_PAGE)))


class AskedRoom:
    """`POST /internal/{service}/rooms/{room}/inspect`, `refers`, `collect` and so on."""

    access = {"POST": COLLECT}

    def __init__(self, rooms: Mapping[str, Room], what: str) -> None:
        self._rooms = rooms
        self._what = what

    def on_post(self, req: falcon.Request, resp: falcon.Response, room: str) -> None:
        """Look at things, or delete those that have not changed."""
        found, body = _room(self._rooms, room), req.bounded_stream.read()
        kind: Any = list[tuple[str, str]] if self._what in {"withdraw", "collect"} else list[str]
        try:
            things = msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise Invalid(f"Send a list of keys, or of keys and etags: {error}.") from None
        _answer(resp, getattr(found, self._what)(things))


def add_rooms(app: Any, service: str, rooms: Mapping[str, Room]) -> None:
    """Add the routes of a service's rooms to its app."""
    app.add_route(f"/internal/{service}/rooms/{{room}}", OneRoom(rooms))
    for what in ("inspect", "refers", "withdraw", "verify", "quarantine", "collect"):
        app.add_route(f"/internal/{service}/rooms/{{room}}/{what}", AskedRoom(rooms, what))


def _room(rooms: Mapping[str, Room], name: str) -> Room:
    try:
        return rooms[name]
    except KeyError:
        raise NotFound(f"There is no room {name!r}.") from None


def _answer(resp: falcon.Response, value: object) -> None:
    resp.content_type = "application/json"
    resp.data = msgspec.json.encode(value)
