"""What the resources of this service have in common."""

from collections.abc import Sequence
from dataclasses import replace

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import Access
from bokeh_common.http.responses import if_match
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.clients import FoundColumns
from bokeh_data.container import Domain
from bokeh_data.sources.source import Source

COLUMNS_TYPE = "application/vnd.bokeh-cloud.columns"

READ = Access("data:read")
READ_OR_VIEW = Access("data:read", allow_restricted=True)
WRITE = Access("data:write", rate_limit="uploads")


class DataResource:
    """The base class of resources that concern data."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def _require_shown(self, req: Request, hashes: list[str]) -> None:
        """Raise `NotFound` if the token is for one plot, and its plot does not show these columns."""
        if missing := (await self._search(req, hashes)).missing:
            raise _not_shown(missing)

    async def _shown_part(self, req: Request, source: Source) -> Source:
        """Return a source with those columns that the plot of the token shows, all without such a token.

        Raises:
            NotFound: the plot shows none of them, or not all of a source that does not change.
        """
        search = await self._search(req, list(source.hashes.values()))
        hidden = set(search.missing)
        columns = {name: one for name, one in source.columns.items() if one["hash"] not in hidden}
        if hidden and not (columns and source.id in search.used):
            raise _not_shown(search.missing)
        return replace(source, columns=columns)

    async def _search(self, req: Request, hashes: list[str]) -> FoundColumns:
        """Return which of these columns the plot of the token shows; all without such a token."""
        principal = req.context.principal
        if principal.only is None:
            return FoundColumns([])
        authorization = req.get_header("Authorization")
        found = await self._domain.plots.find_columns(principal.only, hashes, authorization)
        if not found.missing or not found.live:
            return found
        find = self._domain.history.columns_not_in
        return replace(found, missing=await STORAGE.run(find, principal.user_id, found.live, found.missing))

    async def _respond_to_change(
        self, resp: Response, user: str, changed: Source, notes: Sequence[str] | None = None
    ) -> None:
        """Respond with a new version of a live source, after old ones were pruned."""
        await self._domain.history.after_commit(user, changed)
        respond_with_source(resp, user, changed, notes)


def _not_shown(missing: list[str]) -> NotFound:
    return NotFound("This plot does not show these columns.", missing=missing)


def require_if_match(req: Request) -> str | None:
    """Return the ETag in `If-Match`, None for any; the header is required (RFC 6585, 3)."""
    if not req.get_header("If-Match"):
        raise falcon.HTTPPreconditionRequired(
            description="Say with 'If-Match' which version you change: the ETag of the source, or '*'."
        )
    return if_match(req)


def respond_with_source(
    resp: Response, user: str, source: Source, notes: Sequence[str] | None = None
) -> None:
    """Respond with the summary of a source, and with notes on the file that it was made of."""
    resp.location = f"/{user}/data/{source.id}"
    resp.etag = source.etag
    resp.media = source.summary if notes is None else {**source.summary, "notes": list(notes)}
