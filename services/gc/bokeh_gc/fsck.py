"""Checking that everything that is referred to is there, and that everything is what its name says.

Repairing is moving out of the way what is damaged, and what refers to something that is missing: the next
publication of the same data then stores it anew. Plots are never moved, only told of.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bokeh_gc.peers import Holdings, Thing
from bokeh_gc.rooms import ROOMS, Room
from bokeh_gc.runs import Folder

BATCH = 100  # things of which all bytes are read by one request


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    name: str
    what: str
    moved: bool = False


@dataclass
class Check:
    """A check of all that the services hold.

    Attributes:
        checked: number of things that were looked at.
    """

    holdings: Holdings
    repair: bool = False
    checked: int = 0
    _gone: set[str] = field(default_factory=set)

    def run(self) -> Iterator[Finding]:
        """Yield what is wrong, what is referred to before what refers to it."""
        with Folder() as folder:
            for room in ROOMS:
                self._note(folder, room)
            for room in reversed(ROOMS):
                yield from self._damaged(room)
                yield from self._missing(folder, room)

    def _note(self, folder: Folder, room: Room) -> None:
        for page in self.holdings.pages(room):
            self.checked += len(page)
            if not room.extra:
                folder.runs(f"there {room.referred}").add(room.targets([thing.key for thing in page]))
            for thing, names in self._referring(room, page):
                for name in names:
                    kind = name[: name.index("/")]
                    folder.runs(f"wanted {kind}").add([f"{name}\t{room.service}:{thing}"])

    def _referring(self, room: Room, page: Sequence[Thing]) -> Iterator[tuple[str, list[str]]]:
        for thing in page if room.refers else ():
            yield thing.key, self.holdings.refers(room, [thing.key]) if thing.refers is None else thing.refers

    def _damaged(self, room: Room) -> Iterator[Finding]:
        for page in self.holdings.pages(room):
            for keys in _batches(thing.key for thing in page):
                good = self.holdings.verify(room, keys)
                for key in (key for key, fine in zip(keys, good, strict=True) if not fine):
                    yield self._found(room, key, "its bytes are not those of its name")

    def _missing(self, folder: Folder, room: Room) -> Iterator[Finding]:
        """Yield who refers to something of this room that is not there."""
        if room.optional or room.referred != room.id:
            return
        there = folder.runs(f"there {room.id}").cursor()
        for lines in folder.runs(f"wanted {room.id}").blocks():
            pairs = [line.split("\t") for line in lines]
            known = there.until(pairs[-1][0]) - self._gone
            absent = [pair for pair in pairs if pair[0] not in known]
            for name, by in absent:
                if self._is_missing(room, name):
                    yield self._blame(name, by)

    def _is_missing(self, room: Room, name: str) -> bool:
        return self.holdings.inspect(room, [name.partition(":")[2]]) == [None]

    def _blame(self, name: str, by: str) -> Finding:
        [room] = [room for room in ROOMS if by.startswith(f"{room.id}/")]
        return self._found(room, by.partition(":")[2], f"it refers to {name}, which is not there")

    def _found(self, room: Room, key: str, what: str) -> Finding:
        name = f"{room.service}:{key}"
        if self.repair and room.name not in {"plots", "versions"} and name not in self._gone:
            self._gone |= {name, room.target(key)}
            return Finding(name, what, self.holdings.quarantine(room, [key]) == [True])
        return Finding(name, what)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch
