"""Runs of the garbage collector: for one account, asked for by its owner, or for all, by the worker."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from bokeh_common.http.peer import Peer
from bokeh_gc.lease import leased
from bokeh_gc.peers import Auth, Holdings, Pace
from bokeh_gc.records import Records
from bokeh_gc.rooms import ROOMS
from bokeh_gc.runs import Folder
from bokeh_gc.sweep import Orphan, Sweep

EVERYBODY = "all accounts"  # no account has a space in its name


class RunReport(TypedDict):
    """What a run did, or would do.

    `freed` counts things by their kind; `bytes` are those of the storage; `kept` are orphans that came
    into use while the run went on.
    """

    dry_run: bool
    started: str
    seconds: float
    scanned: int
    freed: dict[str, int]
    bytes: int
    kept: int


class OrphanSummary(TypedDict):
    """Something that nothing refers to."""

    id: str
    kind: str
    bytes: int
    touched: str
    age: float
    why: str


@dataclass(frozen=True)
class Collector:
    """Collects garbage.

    Attributes:
        services: those that hold things, by name.
        auth: the service that knows what expires.
        records: the collector's own.
        grace: seconds for which an orphan is left alone.
        rest: seconds of rest for each second of work.
        clock: POSIX seconds.
    """

    services: dict[str, Peer]
    auth: Auth
    records: Records
    grace: float
    rest: float = 0.0
    clock: Callable[[], float] = time.time

    def run(self, user: str | None = None, dry_run: bool = False) -> RunReport:
        """Find the orphans of an account, or all, and delete them unless it is a dry run.

        Raises:
            Lost: another run of this kind is under way.
        """
        with leased(self.records, user or EVERYBODY, self.clock) as lease, Folder() as folder:
            begun = self.clock()
            sweep = self._sweep(folder, user, lease.renew)
            sweep.mark()
            if dry_run:
                sweep.look()
            else:
                sweep.sweep()
            freed = dict(sweep.report.freed)
            if user is None:
                freed |= self._expired(dry_run)
            return {
                "dry_run": dry_run,
                "started": written(begun),
                "seconds": round(self.clock() - begun, 3),
                "scanned": sweep.report.scanned,
                "freed": freed,
                "bytes": sweep.report.bytes,
                "kept": sweep.report.kept,
            }

    def orphans(self, user: str, after: str, limit: int) -> list[OrphanSummary]:
        """Return the orphans of an account whose id is greater than `after`, in the order of their ids."""
        with Folder() as folder:
            sweep, now = self._sweep(folder, user, lambda: None), self.clock()
            sweep.mark()
            found: list[Orphan] = []
            for orphan in _behind(sweep, after):
                found.append(orphan)
                if len(found) == limit:
                    break
            return [_summary(orphan, now) for orphan in found]

    def _sweep(self, folder: Folder, user: str | None, also: Callable[[], None]) -> Sweep:
        pace = Pace(0.0 if user else self.rest, also)
        return Sweep(Holdings(self.services, pace), folder, self.clock(), self.grace, user)

    def _expired(self, dry_run: bool) -> dict[str, int]:
        [ids] = [room for room in ROOMS if room.name == "ids"]
        gone: list[str] = []
        for page in self.auth.shares():
            found = Holdings(self.services).inspect(ids, [f"ids/{share['plot']}" for share in page])
            gone += [share["id"] for share, plot in zip(page, found, strict=True) if plot is None]
        return {kind: count for kind, count in self.auth.clear(dry_run, gone).items() if count}


def written(seconds: float) -> str:
    """Return a time in RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _behind(sweep: Sweep, after: str) -> Iterator[Orphan]:
    for room in sorted(ROOMS, key=lambda room: room.name):
        for block in sweep.orphans(room):
            yield from (orphan for orphan in block if orphan.key > after)


def _summary(orphan: Orphan, now: float) -> OrphanSummary:
    return {
        "id": orphan.key,
        "kind": orphan.room.kind,
        "bytes": orphan.size,
        "touched": written(orphan.touched),
        "age": round(now - orphan.touched, 3),
        "why": orphan.room.why,
    }
