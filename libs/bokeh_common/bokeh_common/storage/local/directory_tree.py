"""The paths of blobs in a folder, and iteration over them in the order of keys.

The blob ``chunks/ada/9f3c...`` is the file ``chunks/ada/+9f/9f3c...``; see `key_encoding` for the encoding of
other characters. The folder ``+9f`` keeps folders small, and separates the file of a blob from a folder of
the same name. Blobs whose keys are too long for file systems are in ``+long/``, named by the SHA-256 of their
key; the key itself is in ``<name>.key`` beside the blob.
"""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from bokeh_common.storage.key_encoding import decode_all, encode, encode_prefix, hash_key

MAX_NAME = 200  # file systems allow 255 bytes
MAX_PATH = 700  # macOS allows 1024 for a whole path
FILES = "+"  # the first character of folders that contain files
LONG = "+long"
KEY = ".key"


class DirectoryTree:
    """The blobs in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._base = str(root)

    def path(self, key: str) -> Path:
        """Return the path of a blob."""
        return Path(self.file(key))

    def file(self, key: str) -> str:
        """Return the path of a blob as a string, which is much faster than a `Path`."""
        name = encode(key)
        if _is_long(name):
            return f"{self._base}/{LONG}/{hash_key(key)}"
        folders, slash, last = name.rpartition("/")
        return f"{self._base}/{folders}{slash}+{last[:2]}/{last}"

    def walk(self, prefix: str, after: str) -> Iterator[str]:
        """Yield keys in order. Folders are listed only when they are reached; raises `OSError`."""
        selection = _Filter(encode_prefix(prefix), encode(after))
        pending = [_Item("", self._base)]
        if long := selection.names(self._long()):
            heappush(pending, _Item(long[0], names=long))
        while pending:
            item = heappop(pending)
            if not item.names:
                for child in _children(item, selection):
                    heappush(pending, child)
                continue
            # All names that sort before the next item, and at least one.
            cut = max(1, bisect_left(item.names, pending[0].bound)) if pending else len(item.names)
            yield from decode_all(item.names[:cut])
            if rest := item.names[cut:]:
                heappush(pending, _Item(rest[0], names=rest))

    def _long(self) -> Iterator[str]:
        folder = self.root / LONG
        key_files = [path for path in folder.iterdir() if path.suffix == KEY] if folder.is_dir() else []
        return (encode(path.read_text("utf-8")) for path in key_files)


def is_long(key: str) -> bool:
    """Return whether the name of a key is too long for file systems."""
    return _is_long(encode(key))


def _is_long(name: str) -> bool:
    if len(name) <= MAX_NAME:
        return False
    return len(name) > MAX_PATH or max(map(len, name.split("/"))) > MAX_NAME


@dataclass(frozen=True, slots=True)
class _Item:
    """Sorted names of files, or a folder that is not listed yet.

    Attributes:
        bound: the first name, or the common prefix of all names in the folder; none of them sorts before it.
        path: of the folder.
        base: the prefix of the names of the folder's entries.
        names: of files.
    """

    bound: str
    path: str = ""
    base: str = ""
    names: Sequence[str] = ()

    def __lt__(self, other: "_Item") -> bool:
        # A folder sorts before a file of the same name, as it may contain a file with exactly this name.
        return (self.bound, bool(self.names)) < (other.bound, bool(other.names))


@dataclass(frozen=True, slots=True)
class _Filter:
    """Selects names by their prefix, and by the name after which they begin."""

    prefix: str
    after: str

    def names(self, names: Iterable[str]) -> list[str]:
        """Return the selected names, sorted."""
        found = sorted(names)
        found = found[bisect_right(found, self.after) :]
        return [name for name in found if name.startswith(self.prefix)]

    def folder(self, bound: str) -> bool:
        """Return whether names that begin with `bound` may be selected."""
        reaches_beyond = bound > self.after or self.after.startswith(bound)
        return reaches_beyond and (bound.startswith(self.prefix) or self.prefix.startswith(bound))


def _children(item: _Item, selection: _Filter) -> Iterator[_Item]:
    entries = os.listdir(item.path)  # noqa: PTH208  # a Path for each of a million names would take seconds
    if item.path.rpartition("/")[2].startswith(FILES):
        if names := selection.names([item.base + entry for entry in entries]):
            yield _Item(names[0], names=names)
        return
    for entry in entries:
        if entry.startswith(FILES):
            bound, base = item.base + entry[1:], item.base
        else:
            bound = base = f"{item.base}{entry}/"
        if entry != LONG and selection.folder(bound):
            yield _Item(bound, f"{item.path}/{entry}", base)
