"""Clients of the other services that the data service calls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bokeh_common.http.client.service_client import ServiceClient, path


@dataclass(frozen=True)
class ShownVersions:
    """The columns of a live source that readers of a plot may load.

    Attributes:
        since: the oldest version that they may load; None for the newest only.
        names: the names of the columns.
    """

    since: int | None
    names: list[str]


@dataclass(frozen=True)
class FoundColumns:
    """Which columns a plot shows.

    Attributes:
        missing: the columns that it does not show.
        live: versions of live sources, by id, that were replaced a moment ago and may be shown, too.
        used: the ids of live sources of which it shows some columns.
    """

    missing: list[str]
    live: dict[str, ShownVersions] = field(default_factory=dict)
    used: frozenset[str] = frozenset()


class PlotsClient:
    """The plots service, which knows which columns a plot shows."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def find_columns(self, plot: str, hashes: list[str], authorization: str | None) -> FoundColumns:
        """Find columns that a plot shows.

        Args:
            plot: the id of the plot.
            hashes: the columns.
            authorization: the caller's `Authorization` header.
        """
        address = path("internal", "plots", plot, "columns")
        answer = await self._service.post(
            address, {"columns": hashes}, authorization=authorization, idempotent=True
        )
        live = {source: ShownVersions(**shown) for source, shown in answer["live"].items()}
        return FoundColumns(answer["missing"], live, frozenset(answer["used"]))

    async def stored_bytes(self, user: str) -> int:
        """Return how many bytes an account stores in the plots service."""
        return int((await self._service.get(path("internal", "plots", "usage", user)))["bytes"])

    async def using(self, user: str, source_id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the versions of an account's plots that use a data source."""
        address = path("internal", "plots", "references")
        async for item in self._service.iter_items(address, "references", user=user):
            if source_id in item["sources"]:
                yield item

    async def shown_columns(self, user: str, source_id: str) -> set[str]:
        """Return the hashes of the columns that are shown by plots that use a data source."""
        return {column async for item in self.using(user, source_id) for column in item["columns"]}
