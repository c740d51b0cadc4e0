"""Which file is which blob's.

The blob ``chunks/ada/9f3c...`` is the file ``chunks/ada/+9f/9f3c...``; see `names` for how other characters
are written. The folder ``+9f`` keeps folders small, and the file of a blob apart from a folder of the same
name. Keys that are too long for file systems are in ``+long/``, named by their SHA-256, with the key itself
beside them in ``<name>.key``.
"""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from bokeh_common.storage.names import decode_all, digest, encode, encode_prefix

MAX_NAME = 200  # file systems take 255 bytes
MAX_PATH = 700  # macOS takes 1024 in all
FILES = "+"  # what the names of folders with files begin with
LONG = "+long"
KEY = ".key"


class Tree:
    """Paths of blobs below one folder, and the blobs below it in the order of their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._base = str(root)

    def path(self, key: str) -> Path:
        """Return the path of a key's file."""
        return Path(self.file(key))

    def file(self, key: str) -> str:
        """Return the path of a key's file as text, which is much faster to make."""
        name = encode(key)
        if _is_long(name):
            return f"{self._base}/{LONG}/{digest(key)}"
        folders, slash, last = name.rpartition("/")
        return f"{self._base}/{folders}{slash}+{last[:2]}/{last}"

    def walk(self, prefix: str, after: str) -> Iterator[str]:
        """Yield keys, lazily: folders are read when their turn comes. Raises `OSError`."""
        wanted = _Wanted(encode_prefix(prefix), encode(after))
        waiting = [_Item("", self._base)]
        if long := wanted.names(self._long()):
            heappush(waiting, _Item(long[0], names=long))
        while waiting:
            item = heappop(waiting)
            if not item.names:
                for child in _children(item, wanted):
                    heappush(waiting, child)
                continue
            # All names up to where something else comes; the first has its turn in any case.
            cut = max(1, bisect_left(item.names, waiting[0].bound)) if waiting else len(item.names)
            yield from decode_all(item.names[:cut])
            if rest := item.names[cut:]:
                heappush(waiting, _Item(rest[0], names=rest))

    def _long(self) -> Iterator[str]:
        folder = self.root / LONG
        beside = [path for path in folder.iterdir() if path.suffix == KEY] if folder.is_dir() else []
        return (encode(path.read_text("utf-8")) for path in beside)


def is_long(key: str) -> bool:
    """Tell whether a key's own name is too long for file systems."""
    return _is_long(encode(key))


def _is_long(name: str) -> bool:
    if len(name) <= MAX_NAME:
        return False
    return len(name) > MAX_PATH or max(map(len, name.split("/"))) > MAX_NAME


@dataclass(frozen=True, slots=True)
class _Item:
    """Names of files in order, or a folder that is not read yet.

    Attributes:
        bound: the first name, or what all names in the folder begin with; so no name in it sorts before.
        path: of the folder.
        base: what stands before the names of the folder's entries.
        names: of files.
    """

    bound: str
    path: str = ""
    base: str = ""
    names: Sequence[str] = ()

    def __lt__(self, other: "_Item") -> bool:
        # A folder comes before a file of the same name, as it may hold that very name.
        return (self.bound, bool(self.names)) < (other.bound, bool(other.names))


@dataclass(frozen=True, slots=True)
class _Wanted:
    prefix: str
    after: str

    def names(self, names: Iterable[str]) -> list[str]:
        """Return the names that are wanted, in order."""
        found = sorted(names)
        found = found[bisect_right(found, self.after) :]
        return [name for name in found if name.startswith(self.prefix)]

    def folder(self, bound: str) -> bool:
        """Tell whether there may be wanted names among those that begin so."""
        reaches_beyond = bound > self.after or self.after.startswith(bound)
        return reaches_beyond and (bound.startswith(self.prefix) or self.prefix.startswith(bound))


def _children(item: _Item, wanted: _Wanted) -> Iterator[_Item]:
    entries = os.listdir(item.path)  # noqa: PTH208 - a million names, and a Path of each would take seconds
    if item.path.rpartition("/")[2].startswith(FILES):
        if names := wanted.names([item.base + entry for entry in entries]):
            yield _Item(names[0], names=names)
        return
    for entry in entries:
        if entry.startswith(FILES):
            bound, base = item.base + entry[1:], item.base
        else:
            bound = base = f"{item.base}{entry}/"
        if entry != LONG and wanted.folder(bound):
            yield _Item(bound, f"{item.path}/{entry}", base)
