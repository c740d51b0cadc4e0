"""The routes that only the other services know; the gateway does not know their paths."""

from typing import Annotated

import falcon
import msgspec
from msgspec import Meta

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_body
from bokeh_data.compressor import Compressor
from bokeh_data.handover import Handover
from bokeh_data.sources import Sources

MAX_JSON_BYTES = 16 << 20

Name = Annotated[str, Meta(max_length=64)]


class Held(msgspec.Struct, forbid_unknown_fields=True):
    """What a plot refers to."""

    sources: list[Name] = []
    columns: list[Name] = []


class Holds:
    """`POST /internal/data/holds/{user}`."""

    access = {"POST": Access(None, service="internal:hold")}

    def __init__(self, sources: Sources, max_json_bytes: int) -> None:
        self._sources = sources
        self._max_json_bytes = max_json_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Keep data sources and columns from being collected, for who has just referred to them."""
        held = read_body(req, self._max_json_bytes, Held)
        self._sources.hold(user, held.sources, held.columns)
        resp.media = {}


class WantedSources(msgspec.Struct):
    """Ids of data sources."""

    sources: list[str]


class Given(msgspec.Struct):
    """A data source to be made of columns (hashes by name) that are there."""

    name: Annotated[str, Meta(min_length=1)]
    columns: dict[str, str]


class Handed(msgspec.Struct):
    """What an account gets, and from which one."""

    owner: str
    sources: list[Given]


class SourceBatch:
    """`POST /internal/data/sources/{user}`."""

    access = {"POST": Access(None, service="internal:sources")}

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send data sources as they are now, by id; those that are not there are left out."""
        found = {}
        for source in read_body(req, MAX_JSON_BYTES, WantedSources).sources:
            try:
                found[source] = vars(self._sources.get(user, source))
            except NotFound:
                continue
        resp.media = {"sources": found}


class Resting(msgspec.Struct):
    """Chunks that were touched last between two times (POSIX seconds), those after one of them."""

    after: str
    since: float
    until: float


class Compression:
    """`POST /internal/data/compression`."""

    access = {"POST": Access(None, service="internal:collect")}

    def __init__(self, compressor: Compressor) -> None:
        self._compressor = compressor

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Compress some chunks, and tell after which one to go on."""
        asked = read_body(req, MAX_JSON_BYTES, Resting)
        resp.media = vars(self._compressor.go_on(asked.after, asked.since, asked.until))


class Handovers:
    """`POST /internal/data/handovers/{user}`: `user` gets the columns, and must be the one who asks."""

    access = {"POST": Access("data:write", service="internal:sources")}

    def __init__(self, handover: Handover) -> None:
        self._handover = handover

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Make frozen data sources of another account's columns; answer with their ids."""
        handed = read_body(req, MAX_JSON_BYTES, Handed)
        made = [self._handover.take(handed.owner, user, item.name, item.columns) for item in handed.sources]
        resp.media = {"sources": [source.id for source in made]}
