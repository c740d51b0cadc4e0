"""What the plots service stores for accounts with a quota, in the usage ledger."""

import time

from bokeh_common.errors import Forbidden, Unavailable
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.clients import PlotsClient
from bokeh_data.storage.quotas import MAX_REJECTING_COUNT_SECONDS, PLOTS
from bokeh_data.storage.repository import DataRepository
from bokeh_data.storage.usage_ledger import UsagePart

#: The maximum age of a count of plots with which data are stored: deleted plots make space after this.
RECOUNT_SECONDS = 60.0


class PlotsUsage:
    """Keeps the part of the plots service."""

    def __init__(self, repository: DataRepository, plots: PlotsClient) -> None:
        self._repository = repository
        self._plots = plots

    async def reserve(self, user: str, size: int, limit: int) -> str:
        """Reserve bytes for the plots service, and return the id of the reservation.

        Raises:
            Forbidden: the account would exceed its quota.
        """
        await self.refresh(user)
        take = self._repository.quotas.take
        try:
            return (await STORAGE.run(take, user, PLOTS, size, limit))[0]
        except Forbidden:
            await self.refresh(user, MAX_REJECTING_COUNT_SECONDS)
        return (await STORAGE.run(take, user, PLOTS, size, limit))[0]

    async def settle(self, user: str, reservation: str, stored: int) -> None:
        """End a reservation, of which so many bytes were stored."""
        await STORAGE.run(self._repository.ledger.settle, user, PLOTS, reservation, stored)

    async def refresh(self, user: str, max_age: float = RECOUNT_SECONDS) -> None:
        """Have the plots service count an account, unless that was done at most `max_age` seconds ago.

        An old count is used while the plots service does not respond.
        """
        ledger = self._repository.ledger
        before = (await STORAGE.run(ledger.read, user)).get(PLOTS, UsagePart())
        if before.counted is not None and abs(time.time() - before.counted) <= max_age:
            return
        try:
            size = await self._plots.stored_bytes(user)
        except Unavailable:
            if before.counted is None:
                raise
        else:
            await STORAGE.run(ledger.recount, user, PLOTS, size, before)
