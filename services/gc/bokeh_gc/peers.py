"""What the garbage collector asks of others: what they hold, and to delete what has not changed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from bokeh_common.http.peer import Peer, path
from bokeh_gc.rooms import Room

PAGE = 2000  # things that are listed whole
BRIEF = 10_000  # things of which only keys and etags are listed
T = TypeVar("T")


class Thing(NamedTuple):
    """Something that a service holds; of some, only the key is known before they are inspected.

    Attributes:
        key: its key.
        etag: differs after every change and touch.
        size: bytes that deleting it frees.
        touched: POSIX seconds of its last change or touch.
        keep: whether it stays although nothing refers to it.
        refers: names of what it refers to.
        staged: since when it is being written (POSIX seconds), if it is.
    """

    key: str
    etag: str | None = None
    size: int = 0
    touched: float = 0.0
    keep: bool = False
    refers: list[str] | None = None
    staged: float | None = None


def key_of(line: str) -> str:
    """Return the key of a line that may have an etag behind it."""
    return line.partition("\t")[0]


class Pace:
    """Leaves the services time for their users: rests after each request, for a part of what that took."""

    def __init__(self, rest: float = 0.0, also: Callable[[], None] = lambda: None) -> None:
        """Say how long to rest for each second of work, and what else to do then."""
        self._rest = rest
        self._also = also

    def __call__(self, seconds: float) -> None:
        """Rest after so many seconds of work."""
        self._also()
        if self._rest:
            time.sleep(seconds * self._rest)


class Holdings:
    """What the services hold, room by room."""

    def __init__(self, services: dict[str, Peer], pace: Callable[[float], None] = lambda _: None) -> None:
        self._services = services
        self._pace = pace

    def pages(self, room: Room, user: str | None = None) -> Iterator[list[Thing]]:
        """Yield the things of a room, or those of one account where it is private, in order."""
        yield from self._pages(room, user, list[Thing], lambda thing: thing.key, PAGE)

    def lines(self, room: Room, user: str | None = None) -> Iterator[list[str]]:
        """Yield the keys of the things that `pages` yields; those of records with a tab and the etag."""
        yield from self._pages(room, user, list[str], key_of, BRIEF, brief="lines")

    def keys(self, room: Room, user: str | None = None) -> Iterator[list[str]]:
        """Yield the keys of the things that `pages` yields."""
        yield from self._pages(room, user, list[str], str, BRIEF, brief="keys")

    def inspect(self, room: Room, keys: Sequence[str]) -> list[Thing | None]:
        """Look at things one by one; None for those that are gone."""
        return self._ask(room, "inspect", list[Thing | None], keys) if keys else []

    def refers(self, room: Room, keys: Sequence[str]) -> list[str]:
        """Return the names of what these things refer to; those that are gone refer to nothing."""
        return self._ask(room, "refers", list[str], keys) if keys else []

    def verify(self, room: Room, keys: Sequence[str]) -> list[bool]:
        """Tell which things are as they were written."""
        return self._ask(room, "verify", list[bool], keys) if keys else []

    def quarantine(self, room: Room, keys: Sequence[str]) -> list[bool]:
        """Move things out of the way."""
        return self._ask(room, "quarantine", list[bool], keys) if keys else []

    def withdraw(self, room: Room, things: Sequence[tuple[str, str]]) -> list[bool]:
        """End writes that were left halfway, of records that still have these etags."""
        return self._ask(room, "withdraw", list[bool], things) if things else []

    def collect(self, room: Room, things: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the things that still have these etags; tell which ones were deleted."""
        return self._ask(room, "collect", list[bool], things) if things else []

    def _pages(
        self,
        room: Room,
        user: str | None,
        kind: type[list[T]],
        key: Callable[[T], str],
        limit: int,
        **how: str,
    ) -> Iterator[list[T]]:
        after: str | None = ""
        prefix = f"{user}/" if user and room.private else ""
        while after is not None:
            page = self._ask(room, "GET", kind, None, prefix=prefix, after=after, limit=limit, **how)
            if page:
                yield page
            after = key(page[-1]) if len(page) == limit else None

    def _ask(self, room: Room, what: str, kind: type[T], body: Any, **params: Any) -> T:
        begun, peer = time.monotonic(), self._services[room.service]
        where = path("internal", room.service, "rooms", room.name)
        if what == "GET":
            data = peer.raw("GET", where, None, **params)
        else:
            data = peer.raw("POST", f"{where}/{what}", msgspec.json.encode(body))
        answer = msgspec.json.decode(data, type=kind)
        self._pace(time.monotonic() - begun)
        return answer


class Compressing(msgspec.Struct):
    """How far the data service has come; as its `Progress`."""

    after: str | None
    chunks: int
    saved: int


class Data:
    """The data service: it knows which chunks are worth compressing."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def compress(self, after: str, since: float, until: float) -> Compressing:
        """Have it compress some of the chunks after one that were touched last between two times."""
        body = {"after": after, "since": since, "until": until}
        return msgspec.convert(self._peer.post("/internal/data/compression", body), Compressing)


class Auth:
    """The auth service: it knows what expires, and which accounts are gone."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def clear(self, dry_run: bool, shares: Sequence[str]) -> dict[str, int]:
        """Have it delete what has expired, and these share links; return how much, by kind."""
        body = {"dry_run": dry_run, "shares": shares}
        return dict(self._peer.post("/internal/auth/expired", body))

    def shares(self) -> Iterator[list[dict[str, str]]]:
        """Yield all share links: `user`, `plot`, `id`."""
        after: str | None = ""
        while after is not None:
            answer = self._peer.get("/internal/auth/expired", after=after)
            if answer["shares"]:
                yield answer["shares"]
            after = answer["after"]
