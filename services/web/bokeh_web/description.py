"""The description of the whole API, put together from those of the services."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from cachetools import TTLCache, cached

from bokeh_common.errors import NotFound
from bokeh_common.http.openapi import merge
from bokeh_common.http.peer import Peer

#: How long a description is kept: a service may be replaced by a newer one.
SECONDS = 60

TEXT = """\
Publish Bokeh documents, and read them, their objects and their data.

Send an API key as `Authorization: Bearer bkp_...`; what is public, and a server without keys, needs none.
Errors are `application/problem+json` (RFC 9457): their `type` is the address of a page that says what to do.
Lists are paged: follow `Link: rel="next"`. Bodies may be compressed with gzip or zstd, and answers are for
those who accept it. The version of this description is that of the API: within a major version,
what works keeps working.
"""


class Description:
    """Asks each service what it does."""

    def __init__(self, peers: Sequence[Peer], own: Callable[[], dict[str, Any]]) -> None:
        """Name the services in the order of their chapters; `own` describes this one."""
        self._peers = peers
        self._own = own
        self._cache: TTLCache[Any, dict[str, Any]] = TTLCache(1, SECONDS)
        self.document = cached(self._cache)(self._document)

    def _document(self) -> dict[str, Any]:
        """Return the OpenAPI document of the whole API; `Unavailable` when a service does not answer."""
        documents = [peer.get("/internal/openapi.json") for peer in self._peers]
        return merge([*documents, self._own()], "Bokeh Cloud", version("bokeh-cloud-web"), TEXT)

    def problems(self) -> list[dict[str, Any]]:
        """Return all kinds of errors, by slug."""
        return list(self.document()["x-problems"])

    def problem(self, slug: str) -> dict[str, Any]:
        """Return a kind of error; `NotFound`."""
        for found in self.problems():
            if found["slug"] == slug:
                return dict(found)
        raise NotFound("There is no such kind of error.")
