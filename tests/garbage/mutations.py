"""The collector and the writers with a piece of the proof taken out: tests have to fail then."""

import os
from collections.abc import Callable

from bokeh_common.storage import base
from bokeh_common.storage.azure_blobs import AzureBlobStore
from bokeh_common.storage.base import BlobStore, RecordStore
from bokeh_common.storage.local_blobs import LocalBlobStore
from bokeh_common.storage.local_records import LocalRecordStore
from bokeh_common.storage.redis_blobs import RedisBlobStore
from bokeh_common.storage.staged import StagedRecords
from bokeh_gc.sweep import Sweep

#: Replaces an attribute of a class or module, such as `setattr` or `MonkeyPatch.setattr`.
Replace = Callable[[object, str, object], None]


def without_touching(replace: Replace) -> None:
    """Let writers refer without touching: step T, and the lease of who is told what is there."""

    def hasty(self: StagedRecords, key: str, value: object, if_match: str, *_: object) -> str:
        return self.put(key, value, if_match)

    replace(StagedRecords, "put_referring", hasty)
    replace(StagedRecords, "touch", lambda self, key: self.get(key))
    for kind in (LocalBlobStore, RedisBlobStore, AzureBlobStore):
        replace(kind, "touch", lambda self, key: self.stat(key))


def without_etags(replace: Replace) -> None:
    """Let the collector delete what has changed since it looked: step D."""

    def deleted(store: RecordStore | BlobStore, key: str, _: str) -> bool:
        store.delete(key)
        return True

    replace(base, "_discarded", deleted)
    for kind, plain in ((LocalRecordStore, RecordStore), (LocalBlobStore, BlobStore)):
        replace(kind, "discard", plain.discard)


def without_marking_again(replace: Replace) -> None:
    """Let the collector not look at what has come meanwhile: step M."""
    replace(Sweep, "_mark_again", lambda *_: None)


MUTATIONS = {
    "touch": without_touching,
    "etag": without_etags,
    "again": without_marking_again,
}


def mutate() -> None:
    """Take out of this process what `WITHOUT` names in the environment, if it names anything."""
    if name := os.environ.get("WITHOUT"):
        MUTATIONS[name](setattr)
