# ruff: noqa: D102 - what the methods do is said once, on the interface in base.py
"""Blobs as files; `local_tree` says where, `local_files` how they are written."""

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage.base import BlobStat, BlobStore, Traits
from bokeh_common.storage.blocks import BLOCK, opened
from bokeh_common.storage.keys import check_key, check_page, check_range
from bokeh_common.storage.local_files import Files, etag_of, translated, unusable
from bokeh_common.storage.local_tree import KEY, Tree, is_long

SMALL = 1 << 16  # bytes that are read sooner than mapped


class LocalBlobStore(BlobStore):
    """Blobs below one folder."""

    traits = Traits(touch_seconds=0.02, maps=True)  # the kernel stamps files by its timer tick

    def __init__(self, folder: Path) -> None:
        self._files = Files(folder / "incoming")
        self._tree = Tree(folder / "blobs")
        self._files.make(self._tree.root)

    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        path = self._tree.path(check_key(key))
        if is_long(key):
            self._files.write(path.with_suffix(KEY), [key.encode()])
        return _stat(key, self._files.write(path, data))

    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_range(start, end)
        path = self._tree.file(check_key(key))
        try:
            return opened(_read(path, start, end))
        except FileNotFoundError:
            raise self._missing(key) from None

    def view(self, key: str) -> memoryview:
        path = self._tree.file(check_key(key))
        try:
            return _view(path)
        except FileNotFoundError:
            raise self._missing(key) from None
        except OSError as error:
            raise unusable(path, error) from error

    def stat(self, key: str) -> BlobStat:
        path = self._tree.file(check_key(key))
        try:
            with translated(path):
                return _stat(key, os.stat(path))  # noqa: PTH116 - a Path costs more than the call
        except FileNotFoundError:
            raise self._missing(key) from None

    def touch(self, key: str) -> None:
        path = self._tree.path(check_key(key))
        try:
            self._files.touch(path)
        except FileNotFoundError:
            raise self._missing(key) from None

    def delete(self, key: str, if_match: str | None = None) -> None:
        path = self._tree.path(check_key(key))
        if not self._files.remove(path, if_match) and if_match is not None:
            raise Conflict(f"The blob {key!r} has changed.")

    def discard(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        return self._files.remove_all([(self._tree.path(check_key(key)), etag) for key, etag in pairs])

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        check_page(prefix, after, limit)
        with translated(self._tree.root, missing=True):
            return list(islice(self._tree.walk(prefix, after), limit))

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        check_page(prefix, after, limit)
        with translated(self._tree.root, missing=True):
            return list(islice(self._stats(prefix, after), limit))

    def _stats(self, prefix: str, after: str) -> Iterator[BlobStat]:
        for key in self._tree.walk(prefix, after):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield _stat(key, os.stat(self._tree.file(key)))  # noqa: PTH116 - as above

    def _missing(self, key: str) -> NotFound | Unavailable:
        if not self._tree.root.is_dir():  # a disk that is not mounted must not look like an empty store
            return Unavailable(f"The folder {self._tree.root} is gone. Is its disk mounted?")
        return NotFound(f"There is no blob {key!r}.")


def _stat(key: str, result: os.stat_result) -> BlobStat:
    return BlobStat(key, result.st_size, result.st_mtime, etag_of(result))


def _view(path: str) -> memoryview:
    number = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(number).st_size  # asked first: what is mapped is not read, and may be on a slow disk
        if size > SMALL:
            return memoryview(mmap.mmap(number, size, prot=mmap.PROT_READ))
        return memoryview(os.read(number, size))
    finally:
        os.close(number)


def _read(path: str, start: int, end: int | None) -> Iterator[bytes]:
    with translated(path), open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        if start:
            file.seek(start)
        left = None if end is None else max(0, end - start)
        yield b""
        while left is None or left > 0:
            block = file.read(BLOCK if left is None else min(BLOCK, left))
            if not block:
                return
            left = None if left is None else left - len(block)
            yield block
