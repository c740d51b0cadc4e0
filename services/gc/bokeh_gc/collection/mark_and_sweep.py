"""Concurrent mark and sweep: deleting garbage while the cloud is in use; docs/gc.md has the proof.

1. *Mark*: go through all keyspaces, those with references first. An object to which no reference has been
   found so far, and which was not touched within the grace period, is a candidate; its etag is recorded. The
   references of all other objects are recorded.
2. *Mark again* what changed in the meantime, which is everything that may refer to a candidate now.
3. *Sweep*: delete each remaining candidate if it still has the recorded etag, in the same order. A candidate
   that was touched since then is kept, and so is everything that it refers to.

A writer touches an object after announcing a reference to it. If the touch came before the etag was recorded,
marking again finds the reference. If it came after, the candidate is not deleted, or the touch fails since it
is gone.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from bokeh_gc.clients import KeyspaceClient, ListedObject, key_of
from bokeh_gc.collection.external_sort import SortedStreams, StreamCursor
from bokeh_gc.keyspaces import KEYSPACES, KeyspaceSpec

DELETE_BATCH = 500  # objects that one request deletes
READ_BATCH = 2000  # objects whose references one request reads

#: Orphans in these keyspaces belong to an account; the objects of the keyspaces that they name belong to it,
#: too, unless others refer to them.
OWNED = {"columns": "indexes", "uploads": "chunks"}

#: What the names of streams begin with: references found while marking again.
AGAIN = "again "


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object to which nothing refers; `touched` in POSIX seconds."""

    keyspace: KeyspaceSpec
    key: str
    etag: str
    size: int
    touched: float

    @property
    def line(self) -> str:
        """The orphan as a line that sorts by its key."""
        return f"{self.key}\t{msgspec.json.encode((self.etag, self.size, self.touched)).decode()}"


@dataclass
class SweepReport:
    """What a run did.

    Attributes:
        scanned: number of objects that were listed.
        freed: number of deleted objects by kind.
        bytes: bytes that were freed.
        kept: number of orphans that were touched before they could be deleted.
    """

    scanned: int = 0
    freed: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    kept: int = 0

    def count(self, orphans: Iterable[Orphan]) -> None:
        """Add orphans that were deleted."""
        for orphan in orphans:
            self.freed[orphan.keyspace.kind] = self.freed.get(orphan.keyspace.kind, 0) + 1
            self.bytes += orphan.size


class MarkAndSweep:
    """One run of the algorithm."""

    def __init__(
        self,
        keyspaces: KeyspaceClient,
        streams: SortedStreams,
        now: float,
        grace: float,
        user: str | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            keyspaces: the objects of all services.
            streams: for streams of names that may be longer than memory.
            now: the time in POSIX seconds.
            grace: seconds since the last touch after which an orphan may be deleted. It spares clients from
                uploading again; correctness does not depend on it.
            user: the account whose orphans to collect; None for all orphans, also those of no account.
        """
        self._keyspaces = keyspaces
        self._streams = streams
        self._before = now - grace
        self._user = user
        self.report = SweepReport()

    def mark(self) -> None:
        """Find all orphans."""
        for keyspace in KEYSPACES:
            self._mark(keyspace)
        for keyspace in KEYSPACES:
            self._mark_again(keyspace)

    def orphans(self, keyspace: KeyspaceSpec) -> Iterator[list[Orphan]]:
        """Yield the orphans of a keyspace in the order of their keys; after `mark`."""
        for orphans, _ in self._split(keyspace):
            yield orphans

    def sweep(self) -> None:
        """Delete the orphans; after `mark`."""
        for keyspace in KEYSPACES:
            for orphans, rescued in self._split(keyspace):
                self._rescue(keyspace, rescued)
                for start in range(0, len(orphans), DELETE_BATCH):
                    self._collect(keyspace, orphans[start : start + DELETE_BATCH])

    def count(self) -> None:
        """Report the orphans as if they had been deleted; after `mark`."""
        for keyspace in KEYSPACES:
            for block in self.orphans(keyspace):
                self.report.count(block)

    def _split(self, keyspace: KeyspaceSpec) -> Iterator[tuple[list[Orphan], list[str]]]:
        """Yield the orphans among the candidates, and the keys of the candidates that have come into use."""
        rescued = self._streams.stream(AGAIN + keyspace.target_id).cursor()
        owned = self._streams.stream("owned").cursor() if self._user and not keyspace.per_account else None
        for lines in self._streams.stream(f"candidates {keyspace.id}").blocks():
            block = [_orphan(keyspace, line) for line in lines]
            targets = keyspace.targets([orphan.key for orphan in block])
            kept = rescued.until(targets[-1])
            mine = owned.until(targets[-1]) if owned else set(targets)
            pairs = list(zip(block, targets, strict=True))
            orphans = [orphan for orphan, target in pairs if target not in kept and target in mine]
            yield orphans, [orphan.key for orphan, target in pairs if target in kept]

    def _collect(self, keyspace: KeyspaceSpec, orphans: Sequence[Orphan]) -> None:
        deleted = self._keyspaces.collect(keyspace, [(orphan.key, orphan.etag) for orphan in orphans])
        pairs = list(zip(orphans, deleted, strict=True))
        self.report.count(orphan for orphan, gone in pairs if gone)
        kept = [orphan.key for orphan, gone in pairs if not gone]
        self.report.kept += len(kept)
        self._rescue(keyspace, kept)

    def _mark(self, keyspace: KeyspaceSpec) -> None:
        referenced = self._streams.stream(keyspace.target_id).cursor()
        mark = self._mark_objects if keyspace.listed_in_full else self._mark_keys
        mark(keyspace, referenced)

    def _mark_objects(self, keyspace: KeyspaceSpec, referenced: StreamCursor) -> None:
        for page in self._keyspaces.pages(keyspace, self._account_of(keyspace)):
            self.report.scanned += len(page)
            objects = {item.key: item for item in self._without_stale_writes(keyspace, page)}
            self._record_seen(keyspace, [f"{item.key}\t{item.etag}" for item in objects.values()])
            unreferenced = self._unreferenced(keyspace, list(objects), referenced)
            for key in self._record_candidates(keyspace, [objects[key] for key in unreferenced]):
                del objects[key]
            self._record_names((name for item in objects.values() for name in item.references or ()), "")

    def _mark_keys(self, keyspace: KeyspaceSpec, referenced: StreamCursor) -> None:
        for lines in self._lines(keyspace):
            self.report.scanned += len(lines)
            self._record_seen(keyspace, lines)
            keys = [key_of(line) for line in lines] if keyspace.has_references else lines
            unreferenced = self._unreferenced(keyspace, keys, referenced)
            found = [item for item in self._keyspaces.inspect(keyspace, unreferenced) if item]
            candidates = self._record_candidates(keyspace, found)
            if keyspace.has_references:
                self._record_references(keyspace, [key for key in keys if key not in candidates], "")

    def _unreferenced(self, keyspace: KeyspaceSpec, keys: list[str], referenced: StreamCursor) -> list[str]:
        """Return those of a page to which no reference has been found so far."""
        if not keys:
            return []
        targets = keyspace.targets(keys)
        known = referenced.until(targets[-1])
        return [
            key
            for key, target in zip(keys, targets, strict=True)
            if target not in known and not self._is_foreign(keyspace, key)
        ]

    def _mark_again(self, keyspace: KeyspaceSpec) -> None:
        """Record the references of objects that are new, and of candidates that have come into use."""
        if not keyspace.has_references:
            return
        seen = self._streams.stream(f"seen {keyspace.id}").cursor()
        for lines in self._keyspaces.lines(keyspace, self._account_of(keyspace)):
            known = seen.until(f"{key_of(lines[-1])}\t\U0010ffff")
            new = [key_of(line) for line in lines if line not in known]
            self._record_references(keyspace, new, AGAIN)
        for _, rescued in self._split(keyspace):
            self._rescue(keyspace, rescued)

    def _without_stale_writes(self, keyspace: KeyspaceSpec, page: list[ListedObject]) -> list[ListedObject]:
        """Abort unfinished writes that are older than the grace period; return the page after that."""
        stale = [t for t in page if t.staged is not None and t.staged < self._before and t.etag]
        if not stale:
            return page
        self._keyspaces.abort(keyspace, [(item.key, str(item.etag)) for item in stale])
        keys = [item.key for item in stale]
        now = dict(zip(keys, self._keyspaces.inspect(keyspace, keys), strict=True))
        return [item for item in (now.get(t.key, t) for t in page) if item is not None]

    def _record_candidates(self, keyspace: KeyspaceSpec, unreferenced: Sequence[ListedObject]) -> set[str]:
        """Record which of these objects are old enough to be deleted; return their keys."""
        orphans = [
            Orphan(keyspace, item.key, str(item.etag), item.size, item.touched)
            for item in unreferenced
            if not item.keep and item.touched <= self._before
        ]
        self._streams.stream(f"candidates {keyspace.id}").add(orphan.line for orphan in orphans)
        if self._user and keyspace.name in OWNED:
            names = (orphan.key.rpartition("/")[2] for orphan in orphans)
            owned = f"{keyspace.service}:{OWNED[keyspace.name]}"
            self._streams.stream("owned").add(f"{owned}/{name}" for name in names)
        return {orphan.key for orphan in orphans}

    def _record_references(self, keyspace: KeyspaceSpec, keys: Sequence[str], prefix: str) -> None:
        """Record the references of objects, in streams whose names begin with a prefix."""
        for start in range(0, len(keys), READ_BATCH):
            names = self._keyspaces.references(keyspace, keys[start : start + READ_BATCH])
            self._record_names(names, prefix)

    def _rescue(self, keyspace: KeyspaceSpec, keys: Sequence[str]) -> None:
        """Keep what these objects refer to, since they are kept."""
        if keyspace.has_references:
            self._record_references(keyspace, keys, AGAIN)

    def _record_names(self, names: Iterable[str], prefix: str) -> None:
        """Record names, each in the stream of its keyspace."""
        found, begin = sorted(names), 0
        while begin < len(found):
            keyspace = found[begin].partition("/")[0]
            end = bisect_left(found, f"{keyspace}0", begin)  # 0 comes right after the slash
            self._streams.stream(prefix + keyspace).add(found[begin:end])
            begin = end

    def _record_seen(self, keyspace: KeyspaceSpec, lines: Sequence[str]) -> None:
        if keyspace.has_references:
            self._streams.stream(f"seen {keyspace.id}").add(lines)

    def _lines(self, keyspace: KeyspaceSpec) -> Iterator[list[str]]:
        """Yield keys, with etags if those are compared later."""
        listed = self._keyspaces.lines if keyspace.has_references else self._keyspaces.keys
        return listed(keyspace, self._account_of(keyspace))

    def _account_of(self, keyspace: KeyspaceSpec) -> str | None:
        """Return whose objects to list; None for all: chunks may belong to columns of any account."""
        return None if keyspace.name == "columns" else self._user

    def _is_foreign(self, keyspace: KeyspaceSpec, key: str) -> bool:
        return self._user is not None and keyspace.per_account and key.split("/")[1] != self._user


def _orphan(keyspace: KeyspaceSpec, line: str) -> Orphan:
    key, _, rest = line.partition("\t")
    etag, size, touched = msgspec.json.decode(rest)
    return Orphan(keyspace, key, etag, size, touched)
