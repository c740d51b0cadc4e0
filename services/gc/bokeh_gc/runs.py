"""Sorted streams of names, of any length in bounded memory: runs in temporary files, merged when read.

Streams are read in blocks, so that sorting and comparing are done by Python's own sort and sets rather
than name by name.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

RUN = 50_000  # names that are sorted at once
BLOCK = 5_000  # names of a run that are read at once


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
        self._write()
        readers = [_Reader(path) for path in self._files]
        while readers := [reader for reader in readers if reader.block]:
            last = min(reader.block[-1] for reader in readers)
            merged = {name for reader in readers for name in reader.until(last)}
            yield sorted(merged)

    def cursor(self) -> "Cursor":
        """Return a cursor at the first name."""
        return Cursor(self.blocks())

    def _write(self) -> None:
        if not self._fresh:
            return
        names = sorted(set(self._fresh))
        self._fresh = []
        with tempfile.NamedTemporaryFile(
            "w", dir=self._folder, delete=False, encoding="utf-8", newline="\n"
        ) as file:
            file.writelines(f"{name}\n" for name in names)
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
        self._lines = _lines(path)
        self.block: list[str] = list(islice(self._lines, BLOCK))

    def until(self, last: str) -> list[str]:
        cut = bisect_right(self.block, last)
        found, self.block = self.block[:cut], self.block[cut:] or list(islice(self._lines, BLOCK))
        return found


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line[:-1]


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
