"""Runs of the garbage collector: for one account, requested by its owner, or for all, by the worker."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from bokeh_common.http.client.blocking_client import BlockingServiceClient
from bokeh_common.timestamps import format_timestamp
from bokeh_gc.clients import AuthClient, KeyspaceClient, Throttle
from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.collection.mark_and_sweep import MarkAndSweep, Orphan
from bokeh_gc.keyspaces import KEYSPACES
from bokeh_gc.lease import hold_lease
from bokeh_gc.repository import GcRepository

ALL_ACCOUNTS = "all accounts"  # no account has a space in its name


class RunReport(TypedDict):
    """What a run did, or would do.

    `freed` counts objects by their kind; `bytes` are those of the storage; `kept` is the number of orphans
    that came into use during the run.
    """

    dry_run: bool
    started: str
    seconds: float
    scanned: int
    freed: dict[str, int]
    bytes: int
    kept: int


class OrphanSummary(TypedDict):
    """An object to which nothing refers."""

    id: str
    kind: str
    bytes: int
    touched: str
    age: float
    why: str


@dataclass(frozen=True)
class Collector:
    """Collects garbage, on a thread that waits for the other services.

    Attributes:
        services: the services that store objects, by name.
        auth: the auth service, which deletes expired credentials.
        repository: leases and reports.
        grace: the grace period in seconds.
        rest: seconds to pause for each second of work, in runs for all accounts.
        clock: returns the time in POSIX seconds.
    """

    services: dict[str, BlockingServiceClient]
    auth: AuthClient
    repository: GcRepository
    grace: float
    rest: float = 0.0
    clock: Callable[[], float] = time.time

    def run(self, user: str | None = None, dry_run: bool = False) -> RunReport:
        """Find the garbage of an account, or of all, and delete it unless this is a dry run.

        Raises:
            LeaseLost: another run for the same account, or for all, is in progress.
        """
        with (
            hold_lease(self.repository, user or ALL_ACCOUNTS, self.clock) as lease,
            SortedStreams() as streams,
        ):
            started = self.clock()
            sweep = self._sweep(streams, user, lease.renew)
            sweep.mark()
            if dry_run:
                sweep.count()
            else:
                sweep.sweep()
            freed = dict(sweep.report.freed)
            if user is None:
                freed |= self._purge_credentials(dry_run)
            return {
                "dry_run": dry_run,
                "started": rfc3339(started),
                "seconds": round(self.clock() - started, 3),
                "scanned": sweep.report.scanned,
                "freed": freed,
                "bytes": sweep.report.bytes,
                "kept": sweep.report.kept,
            }

    def orphans(self, user: str, after: str, limit: int) -> list[OrphanSummary]:
        """Return the orphans of an account whose id is greater than `after`, in the order of their ids."""
        with SortedStreams() as streams:
            sweep, now = self._sweep(streams, user, lambda: None), self.clock()
            sweep.mark()
            found: list[Orphan] = []
            for orphan in _orphans_after(sweep, after):
                found.append(orphan)
                if len(found) == limit:
                    break
            return [_summary(orphan, now) for orphan in found]

    def _sweep(self, streams: SortedStreams, user: str | None, also: Callable[[], None]) -> MarkAndSweep:
        throttle = Throttle(0.0 if user else self.rest, also)
        return MarkAndSweep(KeyspaceClient(self.services, throttle), streams, self.clock(), self.grace, user)

    def _purge_credentials(self, dry_run: bool) -> dict[str, int]:
        """Have expired credentials deleted, and the share links of plots that do not exist."""
        [ids] = [keyspace for keyspace in KEYSPACES if keyspace.name == "ids"]
        gone: list[str] = []
        for page in self.auth.shares():
            plots = KeyspaceClient(self.services).inspect(ids, [f"ids/{share['plot']}" for share in page])
            gone += [share["id"] for share, plot in zip(page, plots, strict=True) if plot is None]
        return {kind: count for kind, count in self.auth.purge(dry_run, gone).items() if count}


def rfc3339(seconds: float) -> str:
    """Format a time in POSIX seconds after RFC 3339."""
    return format_timestamp(datetime.fromtimestamp(seconds, UTC), "milliseconds")


def _orphans_after(sweep: MarkAndSweep, after: str) -> Iterator[Orphan]:
    for keyspace in sorted(KEYSPACES, key=lambda keyspace: keyspace.name):
        for block in sweep.orphans(keyspace):
            yield from (orphan for orphan in block if orphan.key > after)


def _summary(orphan: Orphan, now: float) -> OrphanSummary:
    return {
        "id": orphan.key,
        "kind": orphan.keyspace.kind,
        "bytes": orphan.size,
        "touched": rfc3339(orphan.touched),
        "age": round(now - orphan.touched, 3),
        "why": orphan.keyspace.why,
    }
