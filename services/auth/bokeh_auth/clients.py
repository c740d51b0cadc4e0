"""Clients of the data services: the services that store data of accounts."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from bokeh_common.http.client.service_client import ServiceClient, path


class DataService:
    """A service that stores data of accounts."""

    def __init__(self, service: ServiceClient, name: str) -> None:
        """Create a client; `name` is the name of the service in paths."""
        self._service = service
        self._name = name

    async def usage(self, user: str) -> dict[str, int]:
        """Return how much the account has stored there, by what is counted, such as `bytes`."""
        return dict(await self._service.get(self._path(user)))

    async def erase(self, user: str) -> AsyncIterator[dict[str, int]]:
        """Delete everything that the account has stored there; yield how much each request deleted.

        A request deletes a bounded number of objects, so that it does not time out. Erasing again continues
        where it stopped.
        """
        done = False
        while not done:
            answer = dict(await self._service.delete(self._path(user)))
            done = bool(answer.pop("done"))
            yield answer

    async def archive(self, user: str) -> AsyncGenerator[bytes, None]:
        """Yield what the account has stored there, as files of a tar archive."""
        stream = await self._service.stream("GET", f"{self._path(user)}/archive", authorization=None)
        try:
            async for block in stream:
                yield block
        finally:
            await stream.close()

    def _path(self, user: str) -> str:
        return path("internal", self._name, "accounts", user)


class DataServices:
    """All data services."""

    def __init__(self, plots: ServiceClient, data: ServiceClient) -> None:
        # Plots first, since they refer to data: a plot must not outlive its data.
        self._services = (DataService(plots, "plots"), DataService(data, "data"))

    async def usage(self, user: str) -> dict[str, int]:
        """Return how much the account has stored: `plots`, `sources` and `bytes`."""
        total: Counter[str] = Counter()
        for usage in await asyncio.gather(*(service.usage(user) for service in self._services)):
            total.update(usage)
        return dict(total)

    async def archive(self, user: str) -> AsyncGenerator[bytes, None]:
        """Yield what the account has stored, as files of a tar archive."""
        for service in self._services:
            async with aclosing(service.archive(user)) as blocks:
                async for block in blocks:
                    yield block

    async def erase(self, user: str) -> AsyncIterator[dict[str, int]]:
        """Delete everything that the account has stored; yield how much each request deleted."""
        for service in self._services:
            async for deleted in service.erase(user):
                yield deleted
