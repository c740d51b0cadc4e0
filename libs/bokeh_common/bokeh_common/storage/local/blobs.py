# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Blobs as files; see `directory_tree` for their paths, and `durable_files` for how they are written."""

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.read_size import READ_BYTES
from bokeh_common.storage.blocks import start_generator
from bokeh_common.storage.failures import ObjectChanged, StorageUnavailable, blob_conflict, blob_not_found
from bokeh_common.storage.interfaces import BackendTraits, BlobStat, BlobStore
from bokeh_common.storage.local.directory_tree import KEY, DirectoryTree, is_long
from bokeh_common.storage.local.durable_files import (
    DurableFiles,
    etag_of,
    storage_failed,
    translate_os_errors,
)
from bokeh_common.storage.validation import check_key, check_page, check_range

MAX_READ_BYTES = 1 << 16  # larger files are memory-mapped


class LocalBlobStore(BlobStore):
    """Blobs in one folder."""

    # The kernel sets the times of files by its timer tick.
    traits = BackendTraits(touch_seconds=0.02, memory_mapped=True)

    def __init__(self, folder: Path) -> None:
        self._files = DurableFiles(folder / "incoming")
        self._tree = DirectoryTree(folder / "blobs")
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
            return start_generator(_read(path, start, end))
        except FileNotFoundError:
            raise self._not_found(key) from None

    def view(self, key: str) -> memoryview:
        path = self._tree.file(check_key(key))
        try:
            return _view(path)
        except FileNotFoundError:
            raise self._not_found(key) from None
        except OSError as error:
            raise storage_failed(path, error) from error

    def stat(self, key: str) -> BlobStat:
        path = self._tree.file(check_key(key))
        try:
            with translate_os_errors(path):
                return _stat(key, os.stat(path))  # noqa: PTH116  # creating a Path takes longer than the call
        except FileNotFoundError:
            raise self._not_found(key) from None

    def touch(self, key: str) -> None:
        path = self._tree.path(check_key(key))
        try:
            self._files.touch(path)
        except FileNotFoundError:
            raise self._not_found(key) from None

    def delete(self, key: str, if_match: str | None = None) -> None:
        path = self._tree.path(check_key(key))
        if not self._files.remove(path, if_match) and if_match is not None:
            raise ObjectChanged(blob_conflict(key))

    def delete_unchanged(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        return self._files.remove_all([(self._tree.path(check_key(key)), etag) for key, etag in pairs])

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        check_page(prefix, after, limit)
        with translate_os_errors(self._tree.root, missing=True):
            return list(islice(self._tree.walk(prefix, after), limit))

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        check_page(prefix, after, limit)
        with translate_os_errors(self._tree.root, missing=True):
            return list(islice(self._stats(prefix, after), limit))

    def _stats(self, prefix: str, after: str) -> Iterator[BlobStat]:
        for key in self._tree.walk(prefix, after):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield _stat(key, os.stat(self._tree.file(key)))  # noqa: PTH116  # as above

    def _not_found(self, key: str) -> NotFound | Unavailable:
        if not self._tree.root.is_dir():  # an unmounted disk must not look like an empty store
            return StorageUnavailable(
                f"The folder {self._tree.root} does not exist any more. Check that its disk is mounted."
            )
        return blob_not_found(key)


def _stat(key: str, result: os.stat_result) -> BlobStat:
    return BlobStat(key, result.st_size, result.st_mtime, etag_of(result))


def _view(path: str) -> memoryview:
    number = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(number).st_size  # before reading, since mapped files are not read here
        if size > MAX_READ_BYTES:
            return memoryview(mmap.mmap(number, size, prot=mmap.PROT_READ))
        return memoryview(os.read(number, size))
    finally:
        os.close(number)


def _read(path: str, start: int, end: int | None) -> Iterator[bytes]:
    with translate_os_errors(path), open(path, "rb", buffering=0) as file:  # noqa: PTH123  # as above
        if start:
            file.seek(start)
        left = None if end is None else max(0, end - start)
        yield b""
        while left is None or left > 0:
            size = READ_BYTES.get()
            block = file.read(size if left is None else min(size, left))
            if not block:
                return
            left = None if left is None else left - len(block)
            yield block
