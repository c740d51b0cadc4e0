"""External sort: sorted streams of names of any length in bounded memory.

Names are sorted in runs, which are temporary files, and merged when they are read. Streams are read in
blocks, so that names are compared by Python's own sort and sets rather than one by one.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

RUN_NAMES = 50_000  # names that are sorted in memory
BLOCK_BYTES = 1 << 15  # bytes of a run that are read at once


class SortedStream:
    """Names that are added in any order, and read in order without duplicates.

    Names must not contain line breaks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unwritten: list[str] = []
        self._files: list[Path] = []

    def add(self, names: Iterable[str]) -> None:
        """Add names."""
        self._unwritten.extend(sorted(names))  # a few at a time: one long sort would block all threads
        if len(self._unwritten) >= RUN_NAMES:
            self._write()

    def blocks(self) -> Iterator[list[str]]:
        """Yield all names in order, in blocks."""
        for block in self._merged():
            yield list(dict.fromkeys(block))

    def cursor(self) -> "StreamCursor":
        """Return a cursor at the first name."""
        return StreamCursor(self._merged())

    def _merged(self) -> Iterator[list[str]]:
        self._write()
        readers = [_RunReader(path) for path in self._files]
        while readers := [reader for reader in readers if reader.block]:
            last = min(reader.block[-1] for reader in readers)
            merged: list[str] = []
            for reader in readers:
                merged += reader.until(last)
            merged.sort()  # merges them, since each is sorted
            yield merged

    def _write(self) -> None:
        if not self._unwritten:
            return
        self._unwritten.sort()  # fast, since its parts are sorted
        names, self._unwritten = list(dict.fromkeys(self._unwritten)), []
        with tempfile.NamedTemporaryFile(
            "w", dir=self._folder, delete=False, encoding="utf-8", newline="\n"
        ) as file:
            file.write("\n".join(names) + "\n")
        self._files.append(Path(file.name))


class StreamCursor:
    """Reads a sorted stream step by step, in parallel with another one."""

    def __init__(self, blocks: Iterator[Sequence[str]]) -> None:
        self._blocks = blocks
        self._rest: Sequence[str] = ()
        self._kept: set[str] = set()

    def until(self, last: str) -> set[str]:
        """Return the names up to and including `last`; the next call may return `last` again."""
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


class _RunReader:
    """Reads a run block by block."""

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
        while block := file.read(BLOCK_BYTES):
            lines, _, rest = (rest + block).rpartition(b"\n")
            if lines:
                yield lines.decode().split("\n")


class SortedStreams:
    """Sorted streams by name, in a temporary folder that is deleted on exit."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="bokeh-gc-")
        self._streams: dict[str, SortedStream] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def stream(self, name: str) -> SortedStream:
        """Return the stream of this name, empty at first."""
        if name not in self._streams:
            self._streams[name] = SortedStream(Path(self._temporary.name))
        return self._streams[name]
