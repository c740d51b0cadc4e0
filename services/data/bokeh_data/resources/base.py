"""What the resources of this service have in common."""

from dataclasses import dataclass
from typing import Any

import falcon

from bokeh_common.errors import Invalid, NotFound, TooLarge
from bokeh_common.http.auth import Access
from bokeh_common.http.body import check_length, read_json
from bokeh_common.http.replies import if_match
from bokeh_data.files.uploading import Uploads
from bokeh_data.live import LiveSources
from bokeh_data.packing import read_packed
from bokeh_data.peers import Plots
from bokeh_data.reads import Reads
from bokeh_data.resources.uploading import FileBodies, media_type
from bokeh_data.settings import Settings
from bokeh_data.sources import Source, Sources
from bokeh_data.versions import Versions

COLUMNS_TYPE = "application/vnd.bokeh-cloud.columns"
PACKED_TYPE = "application/vnd.bokeh-cloud.packed"

READ = Access("data:read")
READ_OR_VIEW = Access("data:read", bound=True)
WRITE = Access("data:write", counted="uploads")


@dataclass(frozen=True)
class Domain:
    """What the resources call."""

    sources: Sources
    live: LiveSources
    versions: Versions
    plots: Plots
    settings: Settings
    reads: Reads
    uploads: Uploads


class Resource:
    """What the resources of this service hold."""

    def __init__(self, domain: Domain) -> None:
        self._sources = domain.sources
        self._live = domain.live
        self._versions = domain.versions
        self._plots = domain.plots
        self._settings = domain.settings
        self._reads = domain.reads
        self._files = FileBodies(domain.live, domain.uploads, domain.settings)

    def _list_of(self, req: falcon.Request, key: str, limit: int) -> list[Any]:
        body = read_json(req, self._settings.max_json_bytes)
        items = body.get(key) if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise Invalid(f"Send {{{key!r}: [...]}} with at most {limit} hashes.")
        if len(items) > limit:
            detail = f"Ask for at most {limit} hashes at a time; these are {len(items)}."
            raise TooLarge(detail, limit=limit)
        return items

    def _given(self, req: falcon.Request) -> tuple[dict[str, Any], list[memoryview]]:
        """Read an object, as JSON or packed with the buffers of its arrays."""
        if media_type(req) == PACKED_TYPE:
            length = check_length(req, self._settings.max_packed_bytes)
            data = req.bounded_stream.read()
            if len(data) != length:
                raise Invalid("The body ended before its Content-Length; send it again.", slug="not-packed")
            body, buffers = read_packed(data)
        else:
            body, buffers = read_json(req, self._settings.max_json_bytes), []
        if not isinstance(body, dict):
            raise Invalid("Send an object.")
        return body, buffers

    def _check_view(self, req: falcon.Request, hashes: list[Any]) -> None:
        """Raise `NotFound` unless the plot of a view token shows all of these columns: it opens no others."""
        principal = req.context.principal
        if principal.only is None:
            return
        missing, live = self._plots.hidden_columns(principal.only, hashes, req.get_header("Authorization"))
        for source in live:
            missing = self._versions.not_in(principal.user_id, source, missing)
        if missing:
            raise NotFound("This plot does not show these columns.", missing=missing)


def demanded(req: falcon.Request) -> str | None:
    """Return the tag that `If-Match` demands, None for any; it must be there (RFC 6585, 3)."""
    if not req.get_header("If-Match"):
        raise falcon.HTTPPreconditionRequired(
            description="Say with 'If-Match' which version you change: the ETag of the source, or '*'."
        )
    return if_match(req)


def show(resp: falcon.Response, user: str, source: Source) -> None:
    """Answer with a source."""
    resp.location = f"/{user}/data/{source.id}"
    resp.etag = source.tag
    resp.media = source.summary
