"""Copying a storage to another one, of any backend.

What the target already has is skipped, so a copy that was interrupted is resumed when it is started again.
Blobs are copied before the records that refer to them. The target has etags and times of its own.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.storage import (
    BlobStat,
    BlobStore,
    Record,
    RecordStore,
    namespaces,
    open_blobs,
    open_records,
)

PAGE = 200


@dataclass
class CopyProgress:
    """The progress of a copy.

    Attributes:
        blobs, records: how many have been processed.
        copied_bytes: the bytes of blobs that this run has copied.
        copied: how many blobs and records this run has copied.
    """

    blobs: int = 0
    records: int = 0
    copied_bytes: int = 0
    copied: int = 0


def copy(source: str, target: str, report: Callable[[CopyProgress], None]) -> CopyProgress:
    """Copy all namespaces of a storage.

    Args:
        source: its URL. It should not be written to during the copy, as writes may be copied in part.
        target: the URL of the target. It should be empty, as whatever else it contains stays there.
        report: is called after each blob and record.

    Raises:
        NotFound: a blob was deleted during the copy.
        Unavailable: a storage does not respond, or the target returns other data than were written.
    """
    progress = CopyProgress()
    for namespace in namespaces(source):
        source_blobs, target_blobs = open_blobs(source, namespace), open_blobs(target, namespace)
        for stat in iter_blobs(source_blobs):
            _copy_blob(source_blobs, target_blobs, stat, progress)
            report(progress)
        records, target_records = open_records(source, namespace), open_records(target, namespace)
        for record in iter_records(records):
            _copy_record(target_records, record, progress)
            report(progress)
    return progress


def iter_blobs(store: BlobStore, prefix: str = "") -> Iterator[BlobStat]:
    """Yield the objects whose keys have a prefix, reading them page by page."""
    after = ""
    while page := store.list(prefix, after, PAGE):
        yield from page
        after = page[-1].key


def iter_records(store: RecordStore, prefix: str = "") -> Iterator[Record]:
    """Yield the objects whose keys have a prefix, reading them page by page."""
    after = ""
    while page := store.list(prefix, after, PAGE):
        yield from page
        after = page[-1].key


def _copy_blob(source: BlobStore, target: BlobStore, stat: BlobStat, progress: CopyProgress) -> None:
    progress.blobs += 1
    if _size(target, stat.key) == stat.size and _hash(target, stat.key) == _hash(source, stat.key):
        return
    digest = hashlib.sha256()
    target.put(stat.key, _hashed(source.get(stat.key), digest.update))
    if _hash(target, stat.key) != digest.digest():
        raise Unavailable(
            f"The copy of the blob {stat.key!r} differs from the original. Start the copy again."
        )
    progress.copied_bytes += stat.size
    progress.copied += 1


def _copy_record(target: RecordStore, record: Record, progress: CopyProgress) -> None:
    progress.records += 1
    if _has_record(target, record):
        return
    target.put(record.key, record.value)
    if not _has_record(target, record):
        raise Unavailable(
            f"The copy of the record {record.key!r} differs from the original. Start the copy again."
        )
    progress.copied += 1


def _has_record(store: RecordStore, record: Record) -> bool:
    try:
        return bool(store.get(record.key).value == record.value)
    except NotFound:
        return False


def _size(store: BlobStore, key: str) -> int | None:
    try:
        return store.stat(key).size
    except NotFound:
        return None


def _hash(store: BlobStore, key: str) -> bytes:
    digest = hashlib.sha256()
    for block in store.get(key):
        digest.update(block)
    return digest.digest()


def _hashed(blocks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for block in blocks:
        update(block)
        yield block
