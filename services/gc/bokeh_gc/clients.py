"""Clients of the other services: what they store, and how to delete what has not changed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from bokeh_common.http.client.blocking_client import BlockingServiceClient
from bokeh_common.http.client.service_client import path
from bokeh_gc.keyspaces import KeyspaceSpec

OBJECTS_PER_PAGE = 2000  # of keyspaces that are listed in full
KEYS_PER_PAGE = 10_000  # of keyspaces of which only keys and etags are listed
T = TypeVar("T")


class ListedObject(NamedTuple):
    """An object that a service stores; of some, only the key is known before they are inspected.

    Attributes:
        key: its key.
        etag: a value that differs after every change and touch.
        size: the bytes that deleting it frees.
        touched: when it was last changed or touched, in POSIX seconds.
        keep: whether it stays although nothing refers to it.
        references: the names of the objects that it refers to.
        staged: since when a two-phase write of it is in progress (POSIX seconds); None without one.
    """

    key: str
    etag: str | None = None
    size: int = 0
    touched: float = 0.0
    keep: bool = False
    references: list[str] | None = None
    staged: float | None = None


def key_of(line: str) -> str:
    """Return the key of a line, which may be followed by a tab and an etag."""
    return line.partition("\t")[0]


class Throttle:
    """Pauses after each request in proportion to its duration, to leave the services time for their users."""

    def __init__(self, rest: float = 0.0, also: Callable[[], None] = lambda: None) -> None:
        """Create a throttle.

        Args:
            rest: seconds to pause for each second of work.
            also: called before each pause, for example to renew a lease.
        """
        self._rest = rest
        self._also = also

    def __call__(self, seconds: float) -> None:
        """Pause after so many seconds of work."""
        self._also()
        if self._rest:
            time.sleep(seconds * self._rest)


class KeyspaceClient:
    """Lists, inspects and deletes objects of the services' keyspaces."""

    def __init__(
        self, services: dict[str, BlockingServiceClient], throttle: Callable[[float], None] = lambda _: None
    ) -> None:
        self._services = services
        self._throttle = throttle

    def pages(self, keyspace: KeyspaceSpec, user: str | None = None) -> Iterator[list[ListedObject]]:
        """Yield the objects in the order of their keys; of one account only, if each belongs to one."""
        yield from self._pages(keyspace, user, list[ListedObject], lambda item: item.key, OBJECTS_PER_PAGE)

    def lines(self, keyspace: KeyspaceSpec, user: str | None = None) -> Iterator[list[str]]:
        """Yield the keys of the objects that `pages` yields; those of records with a tab and the etag."""
        yield from self._pages(keyspace, user, list[str], key_of, KEYS_PER_PAGE, brief="lines")

    def keys(self, keyspace: KeyspaceSpec, user: str | None = None) -> Iterator[list[str]]:
        """Yield the keys of the objects that `pages` yields."""
        yield from self._pages(keyspace, user, list[str], str, KEYS_PER_PAGE, brief="keys")

    def inspect(self, keyspace: KeyspaceSpec, keys: Sequence[str]) -> list[ListedObject | None]:
        """Return everything about single objects; None for those that do not exist."""
        return self._post(keyspace, "inspect", list[ListedObject | None], keys)

    def references(self, keyspace: KeyspaceSpec, keys: Sequence[str]) -> list[str]:
        """Return the names of all objects that these refer to; those that do not exist refer to none."""
        return self._post(keyspace, "references", list[str], keys)

    def verify(self, keyspace: KeyspaceSpec, keys: Sequence[str]) -> list[bool]:
        """Return which objects have the contents that were written."""
        return self._post(keyspace, "verify", list[bool], keys)

    def quarantine(self, keyspace: KeyspaceSpec, keys: Sequence[str]) -> list[bool]:
        """Move objects to the prefix `quarantine/`; return which ones were moved."""
        return self._post(keyspace, "quarantine", list[bool], keys)

    def abort(self, keyspace: KeyspaceSpec, objects: Sequence[tuple[str, str]]) -> list[bool]:
        """Abort unfinished two-phase writes of records that still have these etags."""
        return self._post(keyspace, "abort", list[bool], objects)

    def collect(self, keyspace: KeyspaceSpec, objects: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the objects that still have these etags; return which ones were deleted."""
        return self._post(keyspace, "collect", list[bool], objects)

    def _pages(
        self,
        keyspace: KeyspaceSpec,
        user: str | None,
        kind: type[list[T]],
        key: Callable[[T], str],
        limit: int,
        **params: str,
    ) -> Iterator[list[T]]:
        after: str | None = ""
        prefix = f"{user}/" if user and keyspace.per_account else ""
        while after is not None:
            page = self._ask(keyspace, "GET", kind, None, prefix=prefix, after=after, limit=limit, **params)
            if page:
                yield page
            after = key(page[-1]) if len(page) == limit else None

    def _post(
        self, keyspace: KeyspaceSpec, action: str, kind: type[list[T]], items: Sequence[Any]
    ) -> list[T]:
        return self._ask(keyspace, action, kind, items) if items else []

    def _ask(self, keyspace: KeyspaceSpec, action: str, kind: type[T], body: Any, **params: Any) -> T:
        started, service = time.monotonic(), self._services[keyspace.service]
        route = path("internal", keyspace.service, "keyspaces", keyspace.name)
        if action == "GET":
            data = service.send_bytes("GET", route, None, **params)
        else:
            data = service.send_bytes("POST", f"{route}/{action}", msgspec.json.encode(body))
        answer = msgspec.json.decode(data, type=kind)
        self._throttle(time.monotonic() - started)
        return answer


class CompressionStep(msgspec.Struct):
    """The data service's answer to a request to compress chunks.

    Attributes:
        after: the last chunk that was examined; None if there are no more.
        chunks: the number of chunks that were compressed.
        saved: the bytes that this saved.
    """

    after: str | None
    chunks: int
    saved: int


class DataClient:
    """The data service, which compresses chunks."""

    def __init__(self, service: BlockingServiceClient) -> None:
        self._service = service

    def compress(self, after: str, since: float, until: float) -> CompressionStep:
        """Have some of the chunks after `after` compressed that were last touched between two times."""
        body = {"after": after, "since": since, "until": until}
        return msgspec.convert(self._service.post("/internal/data/compression", body), CompressionStep)


class AuthClient:
    """The auth service, which deletes expired credentials."""

    def __init__(self, service: BlockingServiceClient) -> None:
        self._service = service

    def purge(self, dry_run: bool, shares: Sequence[str]) -> dict[str, int]:
        """Have expired credentials and these share links deleted; return how many there were, by kind."""
        body = {"dry_run": dry_run, "shares": shares}
        return dict(self._service.post("/internal/auth/expired", body))

    def shares(self) -> Iterator[list[dict[str, str]]]:
        """Yield all share links, page by page: `user`, `plot` and `id` of each."""
        after: str | None = ""
        while after is not None:
            answer = self._service.get("/internal/auth/expired", after=after)
            if answer["shares"]:
                yield answer["shares"]
            after = answer["after"]
