"""Removes a step of the proof in `docs/gc.md` from the collector or the writers, so that tests must fail."""

import os
from collections.abc import Callable

from bokeh_common.storage import interfaces
from bokeh_common.storage.azure.blobs import AzureBlobStore
from bokeh_common.storage.interfaces import BlobStore, RecordStore
from bokeh_common.storage.local.blobs import LocalBlobStore
from bokeh_common.storage.local.records import LocalRecordStore
from bokeh_common.storage.redis.blobs import RedisBlobStore
from bokeh_common.storage.two_phase_records import AnnouncedWrite, TwoPhaseRecordStore
from bokeh_gc.collection.mark_and_sweep import MarkAndSweep

#: Replaces an attribute of a class or module, such as `setattr` or `MonkeyPatch.setattr`.
Replace = Callable[[object, str, object], None]


class _DirectWrite(AnnouncedWrite):
    """A write of which nothing was announced."""

    def abort(self) -> None:
        """Leave the record as it is."""


def without_touching(replace: Replace) -> None:
    """Let writers refer to objects without touching them: step T."""

    def put_directly(self: TwoPhaseRecordStore, key: str, value: object, if_match: str, *_: object) -> str:
        return self.put(key, value, if_match)

    def announce_nothing(self: TwoPhaseRecordStore, key: str, if_match: str, _: object) -> "_DirectWrite":
        return _DirectWrite(self, key, None, if_match)

    replace(TwoPhaseRecordStore, "put_with_references", put_directly)
    replace(TwoPhaseRecordStore, "announce", announce_nothing)
    replace(TwoPhaseRecordStore, "touch", lambda self, key: self.get(key))
    for kind in (LocalBlobStore, RedisBlobStore, AzureBlobStore):
        replace(kind, "touch", lambda self, key: self.stat(key))


def without_etags(replace: Replace) -> None:
    """Let the collector delete objects that have changed since it listed them: step D."""

    def delete_unconditionally(store: RecordStore | BlobStore, key: str, _: str) -> bool:
        store.delete(key)
        return True

    replace(interfaces, "_discarded", delete_unconditionally)
    for kind, plain in ((LocalRecordStore, RecordStore), (LocalBlobStore, BlobStore)):
        replace(kind, "delete_unchanged", plain.delete_unchanged)


def without_marking_again(replace: Replace) -> None:
    """Let the collector ignore references that were added while it marked: step M."""
    replace(MarkAndSweep, "_mark_again", lambda *_: None)


MUTATIONS = {
    "touch": without_touching,
    "etag": without_etags,
    "again": without_marking_again,
}


def mutate() -> None:
    """Apply the mutation that the environment variable `WITHOUT` names, if it is set, to this process."""
    if name := os.environ.get("WITHOUT"):
        MUTATIONS[name](setattr)
