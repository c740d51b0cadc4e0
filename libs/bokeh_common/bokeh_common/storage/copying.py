"""Copying a storage to another, of any backend to any.

What is there already and is the same is left alone, so a copy that was broken off goes on when it is started
again. Bytes come before the records that name them. Etags and the times of blobs are the target's own.
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
class Progress:
    """How far a copy is.

    Attributes:
        blobs, records: looked at so far.
        copied_bytes: of blobs, copied by this run.
        copied: blobs and records that were not there yet.
    """

    blobs: int = 0
    records: int = 0
    copied_bytes: int = 0
    copied: int = 0


def copy(source: str, target: str, tell: Callable[[Progress], None]) -> Progress:
    """Copy all namespaces of a storage.

    Args:
        source: its URL. Nobody should write to it meanwhile: what they write may be there in part.
        target: the URL of the other, empty for a copy that is exact: what else it holds stays.
        tell: called after each blob and record.

    Raises:
        NotFound: somebody deleted a blob that was just to be copied.
        Unavailable: also when what was written does not come back as it was.
    """
    progress = Progress()
    for namespace in namespaces(source):
        source_blobs, target_blobs = open_blobs(source, namespace), open_blobs(target, namespace)
        for stat in all_blobs(source_blobs):
            _copy_blob(source_blobs, target_blobs, stat, progress)
            tell(progress)
        records, target_records = open_records(source, namespace), open_records(target, namespace)
        for record in all_records(records):
            _copy_record(target_records, record, progress)
            tell(progress)
    return progress


def all_blobs(store: BlobStore) -> Iterator[BlobStat]:
    """Yield what a store holds, page by page."""
    after = ""
    while page := store.list(after=after, limit=PAGE):
        yield from page
        after = page[-1].key


def all_records(store: RecordStore) -> Iterator[Record]:
    """Yield what a store holds, page by page."""
    after = ""
    while page := store.list(after=after, limit=PAGE):
        yield from page
        after = page[-1].key


def _copy_blob(source: BlobStore, target: BlobStore, stat: BlobStat, progress: Progress) -> None:
    progress.blobs += 1
    if _size(target, stat.key) == stat.size and _hash(target, stat.key) == _hash(source, stat.key):
        return
    digest = hashlib.sha256()
    target.put(stat.key, _hashed(source.get(stat.key), digest.update))
    if _hash(target, stat.key) != digest.digest():
        raise Unavailable(
            f"The blob {stat.key!r} does not come back as it was written. Start the copy again."
        )
    progress.copied_bytes += stat.size
    progress.copied += 1


def _copy_record(target: RecordStore, record: Record, progress: Progress) -> None:
    progress.records += 1
    if _holds(target, record):
        return
    target.put(record.key, record.value)
    if not _holds(target, record):
        raise Unavailable(
            f"The record {record.key!r} does not come back as it was written. Start the copy again."
        )
    progress.copied += 1


def _holds(store: RecordStore, record: Record) -> bool:
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
