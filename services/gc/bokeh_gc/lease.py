"""A lease, so that two workers do not do the same work twice. Two that do it all the same are safe, too."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bokeh_common.errors import Conflict
from bokeh_gc.records import Records

SECONDS = 120.0


class Lost(Conflict):
    """Somebody else works at it, or has taken over."""


@dataclass
class Lease:
    """A lease that this process holds."""

    records: Records
    name: str
    holder: str
    etag: str
    until: float
    clock: Callable[[], float]

    def renew(self) -> None:
        """Renew the lease, when a third of its time is over; `Lost`."""
        if self.clock() < self.until - SECONDS * 2 / 3:
            return
        self.until = self.clock() + SECONDS
        try:
            value = {"holder": self.holder, "until": self.until}
            self.etag = self.records.take_lease(self.name, value, self.etag)
        except Conflict:
            raise Lost("Another worker has taken over this run.") from None


@contextmanager
def leased(records: Records, name: str, clock: Callable[[], float] = time.time) -> Iterator[Lease]:
    """Hold a lease; `Lost` when somebody else holds it."""
    found = records.lease(name)
    if found and found[0]["until"] > clock():
        raise Lost("The garbage collector is at it already; ask again in a minute.")
    holder, until = secrets.token_hex(8), clock() + SECONDS
    try:
        etag = records.take_lease(name, {"holder": holder, "until": until}, found and found[1])
    except Conflict:
        raise Lost("The garbage collector is at it already; ask again in a minute.") from None
    lease = Lease(records, name, holder, etag, until, clock)
    try:
        yield lease
    finally:
        records.end_lease(name, lease.etag)
