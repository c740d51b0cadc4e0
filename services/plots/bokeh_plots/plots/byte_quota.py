"""The quota in bytes of an account, which the data service keeps for all services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bokeh_plots.clients import DataClient

#: What a version takes in the record of its plot, and a thumbnail in its own, at most.
RECORD_BYTES = 512


@asynccontextmanager
async def reserve_bytes(data: DataClient, user: str, size: int, limit: int | None) -> AsyncIterator[None]:
    """Count what a request stores against the quota of the account, unless an exception is raised.

    Args:
        data: the data service.
        user: the account.
        size: the bytes that will be stored.
        limit: how many the account may have; None for any number.

    Raises:
        Forbidden: the account would exceed its quota.
    """
    if limit is None:
        yield
        return
    reservation, stored = await data.reserve_bytes(user, size, limit), 0
    try:
        yield
        stored = size
    finally:
        await data.settle_bytes(user, reservation, stored)
