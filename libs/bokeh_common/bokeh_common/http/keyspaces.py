"""Routes through which the garbage collector reads and deletes what a service stores."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_query
from bokeh_common.http.server.thread_pools import STORAGE

MAX_PAGE = 10_000
COLLECT = Access(None, service="internal:collect")


class KeyspaceActions(Protocol):
    """What the routes call; implemented in `bokeh_common.storage.keyspaces`."""

    def page(self, prefix: str, after: str, limit: int) -> Sequence[tuple[Any, ...]]:
        """Return the first objects of a page."""

    def lines(self, prefix: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of a page, or keys and etags."""

    def keys(self, prefix: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of the first objects of a page."""

    def inspect(self, keys: Sequence[str]) -> Sequence[tuple[Any, ...] | None]:
        """Return objects with all their attributes."""

    def references(self, keys: Sequence[str]) -> Sequence[str]:
        """Return the references of objects, all in one list."""

    def verify(self, keys: Sequence[str]) -> Sequence[bool]:
        """Return for each object whether it is intact."""

    def quarantine(self, keys: Sequence[str]) -> Sequence[bool]:
        """Move objects to `quarantine/`."""

    def abort(self, objects: Sequence[tuple[str, str]]) -> Sequence[bool]:
        """Abort unfinished two-phase writes."""

    def collect(self, objects: Sequence[tuple[str, str]]) -> Sequence[bool]:
        """Delete the objects that still have these etags."""


#: A key of the storage, or the start of one.
Key = Annotated[str, Meta(max_length=1000)]


class KeyspacePageQuery(msgspec.Struct):
    """Which page of a keyspace; keys as they are, since only services read them."""

    prefix: Key = ""
    after: Key = ""
    limit: int = 1000
    brief: Literal["lines", "keys"] | None = None


class KeyspaceResource:
    """`GET /internal/{service}/keyspaces/{keyspace}`."""

    access = {"GET": COLLECT}

    def __init__(self, keyspaces: Mapping[str, KeyspaceActions]) -> None:
        self._keyspaces = keyspaces

    async def on_get(self, req: Request, resp: Response, keyspace: str) -> None:
        """List objects in the order of their keys; with `brief` only their keys, or keys and etags."""
        query, found = read_query(req, KeyspacePageQuery), _find_keyspace(self._keyspaces, keyspace)
        page = getattr(found, query.brief or "page")
        limit = min(max(query.limit, 1), MAX_PAGE)
        _write_json(resp, await STORAGE.run(page, query.prefix, query.after, limit))


class KeyspaceActionResource:
    """`POST /internal/{service}/keyspaces/{keyspace}/inspect`, `references`, `collect` and so on."""

    access = {"POST": COLLECT}

    def __init__(self, keyspaces: Mapping[str, KeyspaceActions], action: str) -> None:
        self._keyspaces = keyspaces
        self._action = action

    async def on_post(self, req: Request, resp: Response, keyspace: str) -> None:
        """Run the action on the objects in the body."""
        found, body = _find_keyspace(self._keyspaces, keyspace), await req.stream.read()
        kind: Any = list[tuple[str, str]] if self._action in {"abort", "collect"} else list[str]
        try:
            objects = msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise Invalid(f"Send a list of keys, or of keys and etags: {error}.") from None
        _write_json(resp, await STORAGE.run(getattr(found, self._action), objects))


def add_keyspace_routes(app: Any, service: str, keyspaces: Mapping[str, KeyspaceActions]) -> None:
    """Add the routes of a service's keyspaces to its app."""
    app.add_route(f"/internal/{service}/keyspaces/{{keyspace}}", KeyspaceResource(keyspaces))
    for action in ("inspect", "references", "abort", "verify", "quarantine", "collect"):
        app.add_route(
            f"/internal/{service}/keyspaces/{{keyspace}}/{action}", KeyspaceActionResource(keyspaces, action)
        )


def _find_keyspace(keyspaces: Mapping[str, KeyspaceActions], name: str) -> KeyspaceActions:
    try:
        return keyspaces[name]
    except KeyError:
        raise NotFound(f"There is no keyspace {name!r}.") from None


def _write_json(resp: Response, value: object) -> None:
    resp.content_type = "application/json"
    resp.data = msgspec.json.encode(value)
