"""The check that everything that is referred to exists, and that the contents of objects match their names.

A repair moves damaged objects, and objects that refer to missing ones, to keys under `quarantine/`, so that
publishing the same data stores them again. Plots are reported, never moved.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bokeh_gc.clients import KeyspaceClient, ListedObject
from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.keyspaces import KEYSPACES, KeyspaceSpec

BATCH = 100  # objects whose bytes are all read by one request

#: Keyspaces whose objects a repair never moves.
NEVER_MOVED = {"plots", "versions"}


@dataclass(frozen=True)
class FsckFinding:
    """An object that is damaged, or refers to a missing one; `moved` if it was put into quarantine."""

    name: str
    what: str
    moved: bool = False


@dataclass
class StorageCheck:
    """A check of all objects of the services.

    Attributes:
        keyspaces: the objects.
        repair: whether to move damaged objects.
        checked: the number of objects that have been listed so far.
    """

    keyspaces: KeyspaceClient
    repair: bool = False
    checked: int = 0
    _gone: set[str] = field(default_factory=set)

    def run(self) -> Iterator[FsckFinding]:
        """Yield what is wrong; findings about an object come before those about what refers to it."""
        with SortedStreams() as streams:
            for keyspace in KEYSPACES:
                self._record(streams, keyspace)
            for keyspace in reversed(KEYSPACES):
                yield from self._damaged(keyspace)
                yield from self._missing(streams, keyspace)

    def _record(self, streams: SortedStreams, keyspace: KeyspaceSpec) -> None:
        """Record which objects exist, and which are referred to."""
        for page in self.keyspaces.pages(keyspace):
            self.checked += len(page)
            if not keyspace.derived:
                keys = [item.key for item in page]
                streams.stream(f"there {keyspace.target_id}").add(keyspace.targets(keys))
            for key, names in self._references(keyspace, page):
                for name in names:
                    target = name[: name.index("/")]
                    streams.stream(f"wanted {target}").add([f"{name}\t{keyspace.service}:{key}"])

    def _references(
        self, keyspace: KeyspaceSpec, page: Sequence[ListedObject]
    ) -> Iterator[tuple[str, list[str]]]:
        for item in page if keyspace.has_references else ():
            listed = item.references
            yield item.key, self.keyspaces.references(keyspace, [item.key]) if listed is None else listed

    def _damaged(self, keyspace: KeyspaceSpec) -> Iterator[FsckFinding]:
        for page in self.keyspaces.pages(keyspace):
            for keys in _batches(item.key for item in page):
                intact = self.keyspaces.verify(keyspace, keys)
                for key in (key for key, fine in zip(keys, intact, strict=True) if not fine):
                    yield self._finding(keyspace, key, "its bytes are not those of its name")

    def _missing(self, streams: SortedStreams, keyspace: KeyspaceSpec) -> Iterator[FsckFinding]:
        """Yield the objects that refer to an object of this keyspace that does not exist."""
        if keyspace.optional or keyspace.target_id != keyspace.id:
            return
        there = streams.stream(f"there {keyspace.id}").cursor()
        for lines in streams.stream(f"wanted {keyspace.id}").blocks():
            pairs = [line.split("\t") for line in lines]
            known = there.until(pairs[-1][0]) - self._gone
            absent = [pair for pair in pairs if pair[0] not in known]
            for name, by in absent:
                if self._is_missing(keyspace, name):
                    yield self._broken_reference(name, by)

    def _is_missing(self, keyspace: KeyspaceSpec, name: str) -> bool:
        return self.keyspaces.inspect(keyspace, [name.partition(":")[2]]) == [None]

    def _broken_reference(self, name: str, by: str) -> FsckFinding:
        [keyspace] = [keyspace for keyspace in KEYSPACES if by.startswith(f"{keyspace.id}/")]
        return self._finding(keyspace, by.partition(":")[2], f"it refers to {name}, which does not exist")

    def _finding(self, keyspace: KeyspaceSpec, key: str, what: str) -> FsckFinding:
        name = f"{keyspace.service}:{key}"
        if self.repair and keyspace.name not in NEVER_MOVED and name not in self._gone:
            self._gone |= {name, keyspace.target(key)}
            return FsckFinding(name, what, self.keyspaces.quarantine(keyspace, [key]) == [True])
        return FsckFinding(name, what)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch
