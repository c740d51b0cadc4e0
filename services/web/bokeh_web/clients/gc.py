"""Client of the garbage collector."""

from typing import Any

from bokeh_common.http.client.service_client import ServiceClient, path

#: As many as one request returns. For each page of the list, the collector reads everything that the account
#: has.
MAX_ORPHANS = 1000


class GcClient:
    """The garbage collector, as this service uses it.

    `authorization` is the visitor's `Authorization` header.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def orphans(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the account's garbage, up to `MAX_ORPHANS` objects."""
        url = path(user, "gc", "orphans")
        answer = await self._service.get(url, authorization=authorization, limit=MAX_ORPHANS)
        return list(answer["orphans"])

    async def run(self, user: str, authorization: str | None) -> dict[str, Any]:
        """Delete the account's garbage; return `freed`, the number of objects of each kind, and `bytes`.

        Raises:
            Conflict: the collector is running already.
        """
        return dict(await self._service.post(path(user, "gc", "run"), {}, authorization=authorization))
