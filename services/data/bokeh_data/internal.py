"""The routes that only the other services know; the gateway does not know their paths."""

from typing import Annotated

import falcon
import msgspec
from msgspec import Meta

from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_body
from bokeh_data.sources import Sources

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
