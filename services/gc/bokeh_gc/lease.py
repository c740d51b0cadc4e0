"""Leases, which keep two workers from doing the same work at once. Correctness does not depend on them."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bokeh_common.errors import Conflict
from bokeh_gc.repository import GcRepository

LEASE_SECONDS = 120.0

#: How much clocks may differ; a lease that ends later was taken before a clock was set back.
MAX_SKEW_SECONDS = 3600.0


class LeaseLost(Conflict):
    """Another process holds the lease, or has taken it over."""


@dataclass
class Lease:
    """A lease that this process holds."""

    repository: GcRepository
    name: str
    holder: str
    etag: str
    until: float
    clock: Callable[[], float]

    def renew(self) -> None:
        """Renew the lease if a third of its time has passed; raise `LeaseLost` if that fails."""
        if self.clock() < self.until - LEASE_SECONDS * 2 / 3:
            return
        self.until = self.clock() + LEASE_SECONDS
        try:
            value = {"holder": self.holder, "until": self.until}
            self.etag = self.repository.take_lease(self.name, value, self.etag)
        except Conflict:
            raise LeaseLost("Another worker has taken over this run.") from None


@contextmanager
def hold_lease(
    repository: GcRepository, name: str, clock: Callable[[], float] = time.time
) -> Iterator[Lease]:
    """Hold a lease while the block runs; raise `LeaseLost` if another process holds it."""
    found = repository.lease(name)
    if found and 0 < found[0]["until"] - clock() <= LEASE_SECONDS + MAX_SKEW_SECONDS:
        raise _running()
    holder, until = secrets.token_hex(8), clock() + LEASE_SECONDS
    try:
        etag = repository.take_lease(name, {"holder": holder, "until": until}, found and found[1])
    except Conflict:
        raise _running() from None
    lease = Lease(repository, name, holder, etag, until, clock)
    try:
        yield lease
    finally:
        repository.end_lease(name, lease.etag)


def _running() -> LeaseLost:
    return LeaseLost("The garbage collector is running already; try again in a minute.")
