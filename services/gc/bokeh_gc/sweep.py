"""Finding what nothing refers to, and deleting it, while the cloud is in use; ARCHITECTURE.md has the proof.

1. *Mark*: go through all rooms, those that refer to others first. What nothing refers to that was found so
   far, and nobody touched within the grace time, is a candidate; its etag is noted. All others tell what
   they refer to.
2. *Mark again* what changed meanwhile, which is everything that could refer to a candidate now.
3. *Sweep*: delete each remaining candidate if it still has the etag that was noted, in the same order. One
   that was touched since stays, and so does what it refers to.

Who makes a reference touches what it refers to after that. So either the touch came before the etag was
noted, and marking again sees the reference; or it came after, and the candidate is not deleted, or was
already, which the touch tells.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from bokeh_gc.peers import Holdings, Thing, key_of
from bokeh_gc.rooms import ROOMS, Room
from bokeh_gc.runs import Cursor, Folder

BATCH = 500  # things that are deleted by one request
READ = 2000  # things that are read by one request

#: What an account's orphans have alone, unless others refer to it: in these rooms, things of those.
OWNED = {"columns": "indexes", "uploads": "chunks"}


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that nothing refers to; `touched` in POSIX seconds."""

    room: Room
    key: str
    etag: str
    size: int
    touched: float

    @property
    def line(self) -> str:
        """The orphan as a line that sorts by its key."""
        return f"{self.key}\t{msgspec.json.encode((self.etag, self.size, self.touched)).decode()}"


@dataclass
class Report:
    """What a run did.

    Attributes:
        scanned: things that were looked at.
        freed: number of things by their kind.
        bytes: that were freed.
        kept: orphans that somebody touched before they could be deleted.
    """

    scanned: int = 0
    freed: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    kept: int = 0

    def count(self, orphans: Iterable[Orphan]) -> None:
        """Add what was freed."""
        for orphan in orphans:
            self.freed[orphan.room.kind] = self.freed.get(orphan.room.kind, 0) + 1
            self.bytes += orphan.size


class Sweep:
    """One run."""

    def __init__(
        self, holdings: Holdings, folder: Folder, now: float, grace: float, user: str | None = None
    ) -> None:
        """Prepare a run.

        Args:
            holdings: what there is.
            folder: for streams that are longer than memory.
            now: POSIX seconds.
            grace: seconds since the last touch after which an orphan may go. It spares publishers the
                trouble to upload again; safety does not rest on it.
            user: the account whose orphans to collect; None for all, and for what belongs to nobody.
        """
        self._holdings = holdings
        self._folder = folder
        self._before = now - grace
        self._user = user
        self.report = Report()

    def mark(self) -> None:
        """Find all orphans."""
        for room in ROOMS:
            self._mark(room)
        for room in ROOMS:
            self._mark_again(room)

    def orphans(self, room: Room) -> Iterator[list[Orphan]]:
        """Yield the orphans of a room in the order of their keys."""
        for orphans, _ in self._split(room):
            yield orphans

    def sweep(self) -> None:
        """Delete the orphans."""
        for room in ROOMS:
            for orphans, rescued in self._split(room):
                self._rescue(room, rescued)
                for start in range(0, len(orphans), BATCH):
                    self._collect(room, orphans[start : start + BATCH])

    def look(self) -> None:
        """Report the orphans as if they were deleted."""
        for room in ROOMS:
            for block in self.orphans(room):
                self.report.count(block)

    def _split(self, room: Room) -> Iterator[tuple[list[Orphan], list[str]]]:
        """Yield the orphans of a room, and the keys of candidates that came into use."""
        rescued = self._folder.runs(f"again {room.referred}").cursor()
        owned = self._folder.runs("owned").cursor() if self._user and not room.private else None
        for lines in self._folder.runs(f"candidates {room.id}").blocks():
            block = [_orphan(room, line) for line in lines]
            targets = room.targets([orphan.key for orphan in block])
            kept = rescued.until(targets[-1])
            mine = owned.until(targets[-1]) if owned else set(targets)
            pairs = list(zip(block, targets, strict=True))
            orphans = [orphan for orphan, target in pairs if target not in kept and target in mine]
            yield orphans, [orphan.key for orphan, target in pairs if target in kept]

    def _collect(self, room: Room, orphans: Sequence[Orphan]) -> None:
        deleted = self._holdings.collect(room, [(orphan.key, orphan.etag) for orphan in orphans])
        pairs = list(zip(orphans, deleted, strict=True))
        self.report.count(orphan for orphan, gone in pairs if gone)
        kept = [orphan.key for orphan, gone in pairs if not gone]
        self.report.kept += len(kept)
        self._rescue(room, kept)

    def _mark(self, room: Room) -> None:
        referenced = self._folder.runs(room.referred).cursor()
        mark = self._mark_whole if room.whole else self._mark_brief
        mark(room, referenced)

    def _mark_whole(self, room: Room, referenced: Cursor) -> None:
        for page in self._holdings.pages(room, self._listed(room)):
            self.report.scanned += len(page)
            things = {thing.key: thing for thing in self._settled(room, page)}
            self._note(room, [f"{thing.key}\t{thing.etag}" for thing in things.values()])
            doubtful = self._doubtful(room, list(things), referenced)
            for key in self._candidates(room, [things[key] for key in doubtful]):
                del things[key]
            self._sort((name for thing in things.values() for name in thing.refers or ()), "")

    def _mark_brief(self, room: Room, referenced: Cursor) -> None:
        for lines in self._briefly(room):
            self.report.scanned += len(lines)
            self._note(room, lines)
            keys = [key_of(line) for line in lines] if room.refers else lines
            doubtful = self._doubtful(room, keys, referenced)
            found = [thing for thing in self._holdings.inspect(room, doubtful) if thing]
            gone = self._candidates(room, found)
            if room.refers:
                self._refer(room, [key for key in keys if key not in gone], "")

    def _doubtful(self, room: Room, keys: list[str], referenced: Cursor) -> list[str]:
        """Return those of a page that nothing refers to, as far as it is known."""
        if not keys:
            return []
        targets = room.targets(keys)
        known = referenced.until(targets[-1])
        return [
            key
            for key, target in zip(keys, targets, strict=True)
            if target not in known and not self._is_foreign(room, key)
        ]

    def _mark_again(self, room: Room) -> None:
        """Look for what is new in a room; its references, and those of what they rescue, keep candidates."""
        if not room.refers:
            return
        seen = self._folder.runs(f"seen {room.id}").cursor()
        for lines in self._holdings.lines(room, self._listed(room)):
            known = seen.until(f"{key_of(lines[-1])}\t\U0010ffff")
            self._refer(room, [key_of(line) for line in lines if line not in known], "again ")
        for _, rescued in self._split(room):
            self._rescue(room, rescued)

    def _settled(self, room: Room, page: list[Thing]) -> list[Thing]:
        """End the writes that were left halfway long ago; return the page as it is then."""
        stale = [t for t in page if t.staged is not None and t.staged < self._before and t.etag]
        if not stale:
            return page
        self._holdings.withdraw(room, [(thing.key, str(thing.etag)) for thing in stale])
        keys = [thing.key for thing in stale]
        now = dict(zip(keys, self._holdings.inspect(room, keys), strict=True))
        return [thing for thing in (now.get(t.key, t) for t in page) if thing is not None]

    def _candidates(self, room: Room, doubtful: Sequence[Thing]) -> set[str]:
        """Note which of these are old enough to be deleted; return their keys."""
        orphans = [
            Orphan(room, thing.key, str(thing.etag), thing.size, thing.touched)
            for thing in doubtful
            if not thing.keep and thing.touched <= self._before
        ]
        self._folder.runs(f"candidates {room.id}").add(orphan.line for orphan in orphans)
        if self._user and room.name in OWNED:
            names = (orphan.key.rpartition("/")[2] for orphan in orphans)
            self._folder.runs("owned").add(f"{room.service}:{OWNED[room.name]}/{name}" for name in names)
        return {orphan.key for orphan in orphans}

    def _refer(self, room: Room, keys: Sequence[str], when: str) -> None:
        """Take down what things refer to."""
        for start in range(0, len(keys), READ):
            self._sort(self._holdings.refers(room, keys[start : start + READ]), when)

    def _rescue(self, room: Room, keys: Sequence[str]) -> None:
        """Keep what these things refer to, as they stay."""
        if room.refers:
            self._refer(room, keys, "again ")

    def _sort(self, names: Iterable[str], when: str) -> None:
        """Take down names, each in the stream of its room."""
        found, begin = sorted(names), 0
        while begin < len(found):
            room = found[begin].partition("/")[0]
            end = bisect_left(found, f"{room}0", begin)  # 0 comes right after the slash
            self._folder.runs(when + room).add(found[begin:end])
            begin = end

    def _note(self, room: Room, lines: Sequence[str]) -> None:
        if room.refers:
            self._folder.runs(f"seen {room.id}").add(lines)

    def _briefly(self, room: Room) -> Iterator[list[str]]:
        """Yield keys, with etags where those are compared later."""
        listed = self._holdings.lines if room.refers else self._holdings.keys
        return listed(room, self._listed(room))

    def _listed(self, room: Room) -> str | None:
        """Return whose things have to be looked at: chunks may belong to columns of any account."""
        return None if room.name == "columns" else self._user

    def _is_foreign(self, room: Room, key: str) -> bool:
        return self._user is not None and room.private and key.split("/")[1] != self._user


def _orphan(room: Room, line: str) -> Orphan:
    key, _, rest = line.partition("\t")
    etag, size, touched = msgspec.json.decode(rest)
    return Orphan(room, key, etag, size, touched)
