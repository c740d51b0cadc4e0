"""Sorted streams of names, of any length in bounded memory: runs in temporary files, merged when read.

Streams are read in blocks, so that sorting and comparing are done by Python's own sort and sets rather
than name by name.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

RUN = 50_000  # names that are sorted at once
BLOCK = 1 << 15  # bytes of a run that are read at once


class Runs:
    """Names that were added in any order, and come back in order and once each.

    Names must not have line breaks in them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh: list[str] = []
        self._files: list[Path] = []

    def add(self, names: Iterable[str]) -> None:
        """Add names."""
        self._fresh.extend(names)
        if len(self._fresh) >= RUN:
            self._write()

    def blocks(self) -> Iterator[list[str]]:
        """Yield all names in order, in blocks."""
        for block in self._merged():
            yield list(dict.fromkeys(block))

    def cursor(self) -> "Cursor":
        """Return a cursor at the first name."""
        return Cursor(self._merged())

    def _merged(self) -> Iterator[list[str]]:
        self._write()
        readers = [_Reader(path) for path in self._files]
        while readers := [reader for reader in readers if reader.block]:
            last = min(reader.block[-1] for reader in readers)
            merged: list[str] = []
            for reader in readers:
                merged += reader.until(last)
            merged.sort()  # of sorted runs: it merges them
            yield merged

    def _write(self) -> None:
        if not self._fresh:
            return
        self._fresh.sort()  # what is added is mostly sorted already, which this makes use of
        names, self._fresh = list(dict.fromkeys(self._fresh)), []
        with tempfile.NamedTemporaryFile(
            "w", dir=self._folder, delete=False, encoding="utf-8", newline="\n"
        ) as file:
            file.write("\n".join(names) + "\n")
        self._files.append(Path(file.name))


class Cursor:
    """Reads a sorted stream step by step, next to another one."""

    def __init__(self, blocks: Iterator[Sequence[str]]) -> None:
        self._blocks = blocks
        self._rest: Sequence[str] = ()
        self._kept: set[str] = set()

    def until(self, last: str) -> set[str]:
        """Return the names up to `last`, and go on at `last`, which may be asked for again."""
        found = self._kept
        self._read(last, found)
        self._kept = found & {last}
        return found

    def _read(self, last: str, found: set[str]) -> None:
        while True:
            cut = bisect_right(self._rest, last)
            found.update(self._rest[:cut])
            self._rest = self._rest[cut:]
            if self._rest:
                return
            following = next(self._blocks, None)
            if following is None:
                return
            self._rest = following


class _Reader:
    """A run, block by block."""

    def __init__(self, path: Path) -> None:
        self._blocks = _blocks(path)
        self.block: list[str] = next(self._blocks, [])

    def until(self, last: str) -> list[str]:
        cut = bisect_right(self.block, last)
        found, self.block = self.block[:cut], self.block[cut:] or next(self._blocks, [])
        return found


def _blocks(path: Path) -> Iterator[list[str]]:
    """Yield the lines of a file, some at a time."""
    with path.open("rb") as file:
        rest = b""
        while block := file.read(BLOCK):
            whole, _, rest = (rest + block).rpartition(b"\n")
            if whole:
                yield whole.decode().split("\n")


class Folder:
    """A temporary folder with streams by name; gone when it is left."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="bokeh-gc-")
        self._runs: dict[str, Runs] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def runs(self, name: str) -> Runs:
        """Return the stream of this name."""
        if name not in self._runs:
            self._runs[name] = Runs(Path(self._temporary.name))
        return self._runs[name]
