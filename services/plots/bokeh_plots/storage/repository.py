"""The storage of the plots service; the only module that knows its keys.

Records:

    plots/{user}/{name}    a plot and its versions
    ids/{plot}             the account of a plot, and the name under which it is stored
    ids/{user}/{name}      the same by another name of the plot, see `other_names`
    visits/{user}/{plot}   its view count and its thumbnail

Blobs, named by the BLAKE3-256 of their bytes:

    scenes/{user}/{hash}               scenes
    manifests/{user}/{hash}            what belongs to a version
    extensions/{user}/{hash}           the JavaScript of custom models
    thumbnails/{user}/{plot}/{hash}    thumbnails

A version is published by a compare-and-swap of the plot's record, after everything that it refers to has been
stored. `bokeh_common.storage.two_phase_records` keeps those objects from being collected in the meantime.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.hashing import hash_bytes
from bokeh_common.storage import ABSENT, Absent, BlobStore, RecordStore
from bokeh_common.storage.copy import iter_blobs, iter_records
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore
from bokeh_plots.storage.other_names import OtherNames, key_of
from bokeh_plots.storage.plot_write import NewReferences, PlotWrite

BLOB_KEYSPACES = ("manifests", "scenes", "extensions", "thumbnails")


class PlotRepository:
    """The records and blobs of plots."""

    def __init__(
        self, records: RecordStore, blobs: BlobStore, changed: Callable[[str], object] = lambda _: None
    ) -> None:
        """Use these stores; `changed` is called with the id of a plot after it was replaced or removed."""
        self._changed = changed
        self._records = TwoPhaseRecordStore(records)
        self._raw_records = records
        self._blobs = blobs
        self.other_names = OtherNames(self._records, records)

    def ping(self) -> None:
        """Raise `Unavailable` if a store does not answer."""
        self._records.list(limit=1)
        self._blobs.list(limit=1)

    def owner(self, plot: str) -> tuple[str, str] | None:
        """Return the account of a plot, and the name under which it is stored; None if there is none."""
        try:
            value = dict(self._records.get(f"ids/{plot}").value)
        except NotFound:
            return None
        return value["user_id"], value["name"]

    def find(self, user: str, name: str) -> tuple[dict[str, Any], str] | None:
        """Return the record and the etag of the plot stored under a name; None if there is none."""
        try:
            record = self._records.get(f"plots/{user}/{name}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def count_plots(self, user: str) -> int:
        """Return how many plots an account has, with those that are being added."""
        found, after, prefix = 0, "", f"plots/{user}/"
        while page := self._raw_records.keys(prefix, after):
            found += len(page)
            after = page[-1][0]
        return found

    def stored_bytes(self, user: str) -> int:
        """Return how many bytes an account stores here: all blobs, and the records of plots."""
        blobs = [blob.size for name in BLOB_KEYSPACES for blob in iter_blobs(self._blobs, f"{name}/{user}/")]
        prefixes = (f"plots/{user}/", f"visits/{user}/")
        records = (record for prefix in prefixes for record in iter_records(self._records, prefix))
        return sum(blobs) + sum(len(msgspec.json.encode(record.value)) for record in records)

    def page(self, user: str, after: str, limit: int) -> list[tuple[dict[str, Any], str]]:
        """Return records and etags of an account's plots whose names are greater than `after`, by name.

        The names are those under which plots are stored.
        """
        prefix = f"plots/{user}/"
        records = self._records.list(prefix, prefix + after, limit)
        return [(dict(record.value), record.etag) for record in records]

    def page_of_all(self, user: str | None, after: str, limit: int) -> list[tuple[dict[str, Any], str]]:
        """Return records and etags of the plots of one account, or of all, after `{account}/{name}`."""
        prefix = "plots/" if user is None else f"plots/{user}/"
        records = self._records.list(prefix, f"plots/{after}" if after else "", limit)
        return [(dict(record.value), record.etag) for record in records]

    def announce(
        self, user: str, plot: dict[str, Any], etag: str | Absent, references: NewReferences
    ) -> PlotWrite:
        """Begin to add a plot, or to replace it, with new references.

        Args:
            user: the account.
            plot: the new value.
            etag: that of the record that is replaced; `ABSENT` to add a plot.
            references: what the new value refers to and the old one does not.

        Raises:
            Conflict: `etag` does not hold.
        """
        index = self._add_index(user, plot) if etag is ABSENT else None
        names = [*([f"plots:{index}"] if index else []), *references.names(user)]
        try:
            announced = self._records.announce(_key(user, plot), etag, names)
        except Conflict:
            if index is not None:
                self._records.delete(index)
            raise
        write = PlotWrite(plot, announced, self._records, index, self._changed)
        self._touch(write, references.blobs)
        return write

    def replace(self, user: str, plot: dict[str, Any], etag: str) -> str:
        """Replace a plot by one without new references, and return its new etag; `Conflict` if changed."""
        replaced = self._records.put(_key(user, plot), plot, if_match=etag)
        self._changed(plot["id"])
        return replaced

    def rename(self, user: str, plot: dict[str, Any], etag: str) -> str:
        """Replace a plot by one with another name, which was claimed; as `replace`."""
        name, stored = plot["name"], stored_name(plot)
        if name == stored:
            return self.replace(user, plot, etag)
        return self._records.put_with_references(
            _key(user, plot),
            plot,
            etag,
            [f"plots:{key_of(user, name)}"],
            lambda: self.other_names.confirm(user, name, stored),
        )

    def remove(self, user: str, plot: dict[str, Any], etag: str) -> None:
        """Remove a plot; `Conflict` if its etag is not `etag`."""
        self._records.delete(_key(user, plot), if_match=etag)
        self._records.delete(f"ids/{plot['id']}")
        for name in names_of(plot) - {stored_name(plot)}:
            self._records.delete(key_of(user, name))
        self._records.delete(f"visits/{user}/{plot['id']}")
        for blob in self._blobs.list(f"thumbnails/{user}/{plot['id']}/"):
            self._blobs.delete(blob.key)
        self._changed(plot["id"])

    def views(self, user: str, plot: str) -> tuple[dict[str, Any], str | Absent]:
        """Return view count and thumbnail of a plot, and the etag; nothing and `ABSENT` if never viewed."""
        try:
            record = self._records.get(f"visits/{user}/{plot}")
        except NotFound:
            return {}, ABSENT
        return dict(record.value), record.etag

    def put_views(
        self, user: str, plot: str, value: dict[str, Any], etag: str | Absent, thumbnail: str | None = None
    ) -> None:
        """Replace view count and thumbnail; `thumbnail` is the hash of a new one; `Conflict` if changed."""
        key = f"visits/{user}/{plot}"
        if thumbnail is None:
            self._records.put(key, value, if_match=etag)
            return
        blob = f"thumbnails/{user}/{plot}/{thumbnail}"
        self._records.put_with_references(
            key, value, etag, [f"plots:{blob}"], lambda: self._touch_blobs([blob])
        )

    def all_views(self, user: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the ids of an account's plots that have been viewed, with view counts and thumbnails."""
        prefix, after = f"visits/{user}/", ""
        while page := self._records.list(prefix, after):
            yield from ((record.key.removeprefix(prefix), dict(record.value)) for record in page)
            after = page[-1].key

    def put_thumbnail(self, user: str, plot: str, image: bytes) -> str:
        """Store a thumbnail under its hash, and return the hash."""
        return self.put_blob("thumbnails", f"{user}/{plot}", image)

    def thumbnail(self, user: str, plot: str, name: str) -> bytes:
        """Return a thumbnail by its hash; `NotFound`."""
        return self.blob("thumbnails", f"{user}/{plot}", name)

    def delete_thumbnail(self, user: str, plot: str, name: str) -> None:
        """Delete a thumbnail."""
        self._blobs.delete(f"thumbnails/{user}/{plot}/{name}")

    def put_blob(self, keyspace: str, user: str, data: bytes) -> str:
        """Store bytes under their hash, and return the hash."""
        name = hash_bytes(data)
        self._blobs.put(f"{keyspace}/{user}/{name}", [data])
        return name

    def has_blob(self, keyspace: str, user: str, name: str) -> bool:
        """Return whether there are bytes of this hash."""
        try:
            self._blobs.stat(f"{keyspace}/{user}/{name}")
        except NotFound:
            return False
        return True

    def erase_blobs(self, user: str, limit: int) -> list[int]:
        """Delete at most `limit` blobs of an account; return the size of each in bytes."""
        sizes: list[int] = []
        for keyspace in BLOB_KEYSPACES:
            left = limit - len(sizes)
            found = self._blobs.list(f"{keyspace}/{user}/", limit=left) if left else []
            for blob in found:
                self._blobs.delete(blob.key)
            sizes.extend(blob.size for blob in found)
        return sizes

    def blob(self, keyspace: str, user: str, name: str) -> bytes:
        """Return bytes by their hash; `NotFound`."""
        return b"".join(self._blobs.get(f"{keyspace}/{user}/{name}"))

    def blocks(self, keyspace: str, user: str, name: str) -> Iterator[bytes]:
        """Return bytes by their hash, in blocks of about 1 MiB; `NotFound`."""
        return self._blobs.get(f"{keyspace}/{user}/{name}")

    def json_blob(self, keyspace: str, user: str, name: str) -> Any:
        """Return the value of a JSON blob by its hash; `NotFound`."""
        return json.loads(self.blob(keyspace, user, name))

    def _add_index(self, user: str, plot: dict[str, Any]) -> str:
        index = f"ids/{plot['id']}"
        owner = {"user_id": user, "name": plot["name"], "at": time.time()}
        self._records.put(index, owner, if_match=ABSENT)
        return index

    def _touch(self, write: PlotWrite, blobs: list[str]) -> None:
        try:
            if write.index is not None:
                self._records.touch(write.index)
            self._touch_blobs(blobs)
        except BaseException:
            write.abort()
            raise

    def _touch_blobs(self, blobs: list[str]) -> None:
        try:
            for blob in blobs:
                self._blobs.touch(blob)
        except NotFound:
            raise Unavailable("What was stored for this plot is gone; publish it again.") from None


def stored_name(plot: dict[str, Any]) -> str:
    """Return the name under which a plot is stored: the first one that it had."""
    return str(plot.get("stored_name") or plot["name"])


def names_of(plot: dict[str, Any]) -> set[str]:
    """Return all names by which a plot is found."""
    return {stored_name(plot), plot["name"], *plot.get("former_names", ())}


def _key(user: str, plot: dict[str, Any]) -> str:
    return f"plots/{user}/{stored_name(plot)}"
