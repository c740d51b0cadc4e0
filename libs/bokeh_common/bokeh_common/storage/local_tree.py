"""Which file is which blob's.

The blob ``chunks/ada/9f3c...`` is the file ``chunks/ada/+9f/9f3c...``; see `names` for how other characters
are written. The folder ``+9f`` keeps folders small, and the file of a blob apart from a folder of the same
name. Keys that are too long for file systems are in ``+long/``, named by their SHA-256, with the key itself
beside them in ``<name>.key``.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, merge
from pathlib import Path

from bokeh_common.storage.names import decode, digest, encode, encode_prefix

MAX_NAME = 200  # file systems take 255 bytes
MAX_PATH = 700  # macOS takes 1024 in all
LONG = "+long"
KEY = ".key"


class Tree:
    """Paths of blobs below one folder, and the blobs below it in the order of their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Return the path of a key's file."""
        *folders, last = encode(key).split("/")
        if is_long(key):
            return self.root / LONG / digest(key)
        return self.root.joinpath(*folders, f"+{last[:2]}", last)

    def walk(self, prefix: str, after: str) -> Iterator[tuple[str, Path]]:
        """Yield keys and paths, lazily: folders are read when their turn comes. Raises `OSError`."""
        wanted = _Wanted(encode_prefix(prefix), encode(after))
        for name, path in merge(self._short(wanted), self._long(wanted)):
            yield decode(name), path

    def _short(self, wanted: "_Wanted") -> Iterator[tuple[str, Path]]:
        waiting = [_Item("", is_file=False, path=self.root, base="")]
        while waiting:
            item = heappop(waiting)
            if item.is_file:
                yield item.bound, item.path
                continue
            for child in _children(item):
                if wanted.file(child.bound) if child.is_file else wanted.folder(child.bound):
                    heappush(waiting, child)

    def _long(self, wanted: "_Wanted") -> Iterator[tuple[str, Path]]:
        folder = self.root / LONG
        beside = [path for path in folder.iterdir() if path.suffix == KEY] if folder.is_dir() else []
        named = ((encode(path.read_text("utf-8")), path.with_suffix("")) for path in beside)
        yield from sorted(pair for pair in named if wanted.file(pair[0]))


def is_long(key: str) -> bool:
    """Tell whether a key's own name is too long for file systems."""
    name = encode(key)
    return len(name) > MAX_PATH or max(map(len, name.split("/"))) > MAX_NAME


@dataclass(order=True, frozen=True, slots=True)
class _Item:
    """A file, or a folder that is not read yet.

    Attributes:
        bound: the name, or what all names in the folder begin with; so no name in it sorts before.
        base: what stands before the names of the folder's entries.
    """

    bound: str
    is_file: bool  # a folder comes before a file of the same name, as it may hold that very name
    path: Path
    base: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    prefix: str
    after: str

    def file(self, name: str) -> bool:
        return name > self.after and name.startswith(self.prefix)

    def folder(self, bound: str) -> bool:
        reaches_beyond = bound > self.after or self.after.startswith(bound)
        return reaches_beyond and (bound.startswith(self.prefix) or self.prefix.startswith(bound))


def _children(item: _Item) -> Iterator[_Item]:
    with os.scandir(item.path) as entries:
        for entry in entries:
            if item.path.name.startswith("+"):
                yield _Item(item.base + entry.name, True, Path(entry.path), "")
            elif not entry.name.startswith("+"):
                folder = f"{item.base}{entry.name}/"
                yield _Item(folder, False, Path(entry.path), folder)
            elif entry.name != LONG:
                yield _Item(item.base + entry.name[1:], False, Path(entry.path), item.base)
