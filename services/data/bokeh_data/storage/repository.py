"""The repository of the data service; this file, `chunk_repository` and `chunk_store` map its domain to keys.

Records:

* `sources/{user}/{id}`: the current version of a data source.
* `versions/{user}/{id}/{version}`: an old version of a live source; the number has twelve digits, so that
  versions are in order. The current version may also exist, as a copy that the next commit needs: the
  source's record decides which version is current.
* `uploads/{user}/{chunk}`: the account may refer to this chunk; its size in bytes.
* `usage/{user}`: the bytes that an account with a quota stores; see `usage_ledger`.

Blobs:

* `columns/{user}/{column}`: a manifest and, on a second line, the chunk statistics.
* `chunks/{chunk}`: a raw chunk; or `compressed/{chunk}`, see `chunk_store`.
* `pyramids/{chunk}-{dtype}`: the pyramid of a chunk of that dtype; built again if it is missing.
* `indexes/{column}`: the pyramid of a long column; built again if it is missing.

References: sources and versions name columns by hash; a column names its chunks and its pyramid; an upload
and a chunk pyramid belong to the chunk in their key. There are no others.

A chunk is stored once for all accounts, but an account has to upload it before it may refer to it. So a hash
does not reveal what other accounts store, and transferring a column to another account takes no more than its
manifest.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_common.storage import ABSENT, BlobStore, RecordStore
from bokeh_common.storage.copy import iter_blobs, iter_records
from bokeh_data.columns.manifest import Column, read_column, write_column
from bokeh_data.storage.chunk_repository import PAGE, TOUCH_SECONDS, ChunkRepository
from bokeh_data.storage.thread_pools import PINNERS, map_parallel

ATTEMPTS = 30


Columns = Collection[Column]


class DataRepository(ChunkRepository):
    """Data sources, columns and chunks on a record store and a blob store."""

    def __init__(
        self, records: RecordStore, blobs: BlobStore, changed: Callable[[str], object] = lambda _: None
    ) -> None:
        """Use these stores; `changed` is called with the id of a source after it was replaced or deleted."""
        super().__init__(records, blobs)
        self._changed = changed

    def ping(self) -> None:
        """Raise `Unavailable` if a store does not respond."""
        self._records.list(limit=1)
        self._blobs.list(limit=1)

    def stored_bytes(self, user: str) -> int:
        """Return how many bytes an account stores: chunks, columns, sources, old versions and records."""
        columns = sum(blob.size for blob in iter_blobs(self._blobs, f"columns/{user}/"))
        prefixes = (f"sources/{user}/", f"versions/{user}/")
        records = (record for prefix in prefixes for record in iter_records(self._records, prefix))
        return super().stored_bytes(user) + columns + sum(record_bytes(record.value) for record in records)

    def put_columns(self, user: str, columns: Columns) -> None:
        """Store columns under their hashes.

        Raises:
            Forbidden: the account would exceed its quota.
        """
        manifests = {f"columns/{user}/{column.hash}": write_column(column) for column in columns}
        is_limited = self.quotas.is_limited(user)
        with self.quotas.reserve(user) as grow:
            grow(sum(len(manifests[key]) for key in manifests if is_limited and not self._has_blob(key)))
            for key, manifest in manifests.items():
                self._blobs.put(key, [manifest])

    def find_column(self, user: str, column: str) -> Column | None:
        """Return a column by its hash; None if it does not exist."""
        try:
            return read_column(b"".join(self._blobs.get(f"columns/{user}/{column}")))
        except NotFound:
            return None

    def add_source(self, user: str, source_id: str, value: dict[str, Any], columns: Columns) -> bool:
        """Add a data source; return False if there is one of this id.

        Args:
            user: the account.
            source_id: the id.
            value: the record.
            columns: all columns that the record refers to.

        Raises:
            Invalid: chunks were collected; `missing` names them.
            Forbidden: the account would exceed its quota.
            Conflict: other requests keep adding the same source.
        """
        key = f"sources/{user}/{source_id}"
        references = [_column_reference(user, column.hash) for column in columns]
        value = {**value, "held": time.time()}
        for attempt in range(ATTEMPTS):
            try:
                with self._counted(user, value):
                    self._records.put_with_references(
                        key, value, ABSENT, references, lambda: self._pin(user, columns)
                    )
            except Conflict:
                # Another request is adding the same source, which exists only once that request has
                # succeeded.
                if self.find_source(user, source_id) is not None:
                    return False
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 5)))  # noqa: S311  # no secret
            else:
                return True
        raise Conflict("Other requests are creating this source at the moment; try again.")

    def touch_source(self, user: str, source_id: str) -> None:
        """Protect a source from the garbage collector, for a request that is about to refer to it."""
        with suppress(NotFound, Conflict):
            record = self._records.get(f"sources/{user}/{source_id}")
            if record.value.get("held", 0) < time.time() - TOUCH_SECONDS:
                self._records.put(record.key, {**record.value, "held": time.time()}, if_match=record.etag)

    def pin_source(self, user: str, source_id: str) -> dict[str, Any] | None:
        """Touch a source, for a request that has announced a reference to it; None if it does not exist."""
        try:
            self._records.touch(f"sources/{user}/{source_id}")
        except NotFound:
            return None
        return self.find_source(user, source_id)

    def pin_column(self, user: str, column: str) -> bool:
        """Touch a column, as `pin_source`; return False if it does not exist."""
        try:
            self._blobs.touch(f"columns/{user}/{column}")
        except NotFound:
            return False
        return True

    def _pin(self, user: str, columns: Columns, unchanged: Columns = ()) -> None:
        """Touch columns and their chunks, except those of `unchanged`, which the record refers to already."""
        known = {chunk.hash for column in unchanged for chunk in column.chunks}
        chunks = sorted({chunk.hash for column in columns for chunk in column.chunks} - known)
        columns_exist = map_parallel(lambda column: self.pin_column(user, column.hash), [*columns], PINNERS)
        chunks_exist = map_parallel(lambda chunk: self.pin_chunk(user, chunk), chunks, PINNERS)
        missing = [chunk for chunk, exists in zip(chunks, chunks_exist, strict=True) if not exists]
        if missing or not all(columns_exist):
            detail = (
                f"{len(missing)} chunks are no longer stored; upload those of 'missing' and commit again."
            )
            raise Invalid(detail, slug="missing-chunks", missing=missing)

    def find_source(self, user: str, source_id: str) -> dict[str, Any] | None:
        """Return the record of a data source; None if it does not exist."""
        found = self.read_source(user, source_id)
        return found and found[0]

    def read_source(self, user: str, source_id: str) -> tuple[dict[str, Any], str] | None:
        """Return the record of a data source and its etag; None if it does not exist."""
        try:
            record = self._records.get(f"sources/{user}/{source_id}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def replace_source(
        self,
        user: str,
        old: dict[str, Any],
        new: dict[str, Any],
        etag: str,
        columns: Columns,
        unchanged: Columns = (),
    ) -> None:
        """Replace the record of a live source, and keep the old one as an old version.

        Args:
            user: the account.
            old: the current record.
            new: the new record.
            etag: of the current record.
            columns: columns that `new` refers to and `old` does not.
            unchanged: columns of `old` whose chunks need not be touched.

        Raises:
            Conflict: the record has changed since `etag`.
            Invalid: chunks were collected; `missing` names them.
            Forbidden: the account would exceed its quota.
        """
        with self._counted(user, new):  # as a further record, since the old one is kept
            self._replace_source(user, old, new, etag, columns, unchanged)

    def _has_blob(self, key: str) -> bool:
        try:
            self._blobs.stat(key)
        except NotFound:
            return False
        return True

    @contextmanager
    def _counted(self, user: str, value: dict[str, Any]) -> Iterator[None]:
        with self.quotas.reserve(user) as grow:
            grow(record_bytes(value))
            yield

    def _replace_source(
        self,
        user: str,
        old: dict[str, Any],
        new: dict[str, Any],
        etag: str,
        columns: Columns,
        unchanged: Columns,
    ) -> None:
        # Every request that replaces this version writes the same old version, whichever of them succeeds.
        self._records.put(_version_key(user, old["id"], old["version"]), old)
        key = f"sources/{user}/{old['id']}"
        references = [_column_reference(user, column.hash) for column in columns]
        value = {**new, "held": time.time()}
        self._records.put_with_references(
            key, value, etag, references, lambda: self._pin(user, columns, unchanged)
        )
        self._changed(old["id"])

    def delete_source(self, user: str, source_id: str, etag: str | None = None) -> int:
        """Delete a source and its old versions, but not its columns; return the bytes of the old versions.

        Raises:
            Conflict: the record has changed since `etag`.
        """
        self._records.delete(f"sources/{user}/{source_id}", if_match=etag)
        size = 0
        while versions := self.versions(user, source_id, 0, PAGE):
            for version in versions:
                self.delete_version(user, source_id, version["version"])
            size += sum(map(record_bytes, versions))
        self._changed(source_id)
        return size

    def find_version(self, user: str, source_id: str, version: int) -> dict[str, Any] | None:
        """Return the record of an old version of a live source; None if it is not kept."""
        try:
            return dict(self._records.get(_version_key(user, source_id, version)).value)
        except NotFound:
            return None

    def versions(self, user: str, source_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the records of the kept versions whose numbers are greater than `after`, oldest first."""
        prefix, start = f"versions/{user}/{source_id}/", _version_key(user, source_id, after)
        return [dict(record.value) for record in self._records.list(prefix, start, limit)]

    def delete_version(self, user: str, source_id: str, version: int) -> None:
        """Delete an old version."""
        self._records.delete(_version_key(user, source_id, version))

    def delete_columns(self, user: str, limit: int) -> list[int]:
        """Delete up to `limit` columns of an account; return the size of each manifest in bytes."""
        found = self._blobs.list(f"columns/{user}/", limit=limit) if limit else []
        for blob in found:
            self._blobs.delete(blob.key)
        return [blob.size for blob in found]

    def column_names(self, user: str, after: str, limit: int) -> list[str]:
        """Return the hashes of an account's columns, in ascending order."""
        prefix = f"columns/{user}/"
        return [blob.key.removeprefix(prefix) for blob in self._blobs.list(prefix, prefix + after, limit)]

    def sources(self, user: str, after: str, limit: int) -> list[dict[str, Any]]:
        """Return the records of data sources, in the order of their ids."""
        prefix = f"sources/{user}/"
        return [dict(record.value) for record in self._records.list(prefix, prefix + after, limit)]


def record_bytes(value: Any) -> int:
    """Return the bytes of a record as JSON."""
    return len(msgspec.json.encode(value))


def _version_key(user: str, source_id: str, version: int) -> str:
    return f"versions/{user}/{source_id}/{version:012}"


def _column_reference(user: str, column: str) -> str:
    return f"data:columns/{user}/{column}"
