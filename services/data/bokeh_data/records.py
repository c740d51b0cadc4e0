"""Where columns and data sources are kept; the only file that knows the keys.

Records:

* `sources/{user}/{id}`: a data source as it is now.
* `versions/{user}/{id}/{version}`: a live source as it was; twelve digits, so that they are in order. The newest
  version may be there already, as a copy that the next commit will need: the source decides which one that is.
* `uploads/{user}/{chunk}`: the account may refer to this chunk; its bytes.
* `usage/{user}/{digit}`: bytes and number of the account's chunks whose hash begins with this digit.

Blobs:

* `columns/{user}/{column}`: a manifest and, on a second line, what was worked out beside it.
* `chunks/{chunk}`: the bytes of a chunk, or `compressed/{chunk}`, the same in a Blosc frame; never needed both.
* `pyramids/{chunk}/{dtype}`: minima and maxima of a chunk, read as that dtype; made again when it is missing.

What refers to what: sources and versions name columns by hash, a column names chunks, an upload and a pyramid
belong to the chunk in their key. Nothing else does. A chunk is stored once for all accounts, but an account has to
send it before it may refer to it: so nobody learns from a hash what others store, and a column can be handed to
another account by its manifest alone.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import ABSENT, BlobStore, RecordStore
from bokeh_data.columns import Column, read_column, write_column

PAGE = 1000
ATTEMPTS = 100


class Records:
    """Data sources, columns and chunks on a record store and a blob store."""

    def __init__(self, records: RecordStore, blobs: BlobStore) -> None:
        self._records = records
        self._blobs = blobs

    def ping(self) -> None:
        """Raise `Unavailable` when a store does not answer."""
        self._records.list(limit=1)
        self._blobs.list(limit=1)

    def touch_chunk(self, user: str, chunk: str) -> bool:
        """Mark a chunk as used just now; False when the account has not sent it, or it is gone."""
        try:
            self._records.get(f"uploads/{user}/{chunk}")
            self._blobs.touch(f"chunks/{chunk}")
        except NotFound:
            return False
        return True

    def put_chunk(self, user: str, chunk: str, blocks: Iterable[bytes]) -> None:
        """Store a chunk whole, or not at all when `blocks` raises."""
        size = self._blobs.put(f"chunks/{chunk}", blocks).size
        with suppress(Conflict):  # it is the account's already
            self._records.put(f"uploads/{user}/{chunk}", {"size": size}, if_match=ABSENT)
            self._count(user, chunk, size)

    def chunk(self, chunk: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a chunk, or of a range of it."""
        return self._blobs.get(f"chunks/{chunk}", start, end)

    def chunk_view(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk at once, mapped where the storage can."""
        return self._blobs.view(f"chunks/{chunk}")

    def chunk_size(self, user: str, chunk: str) -> int | None:
        """Return the bytes of a chunk; None when the account has not sent it, or it is gone."""
        try:
            self._records.get(f"uploads/{user}/{chunk}")
            return self._blobs.stat(f"chunks/{chunk}").size
        except NotFound:
            return None

    def usage(self, user: str) -> dict[str, int]:
        """Return the `bytes` and the number of `chunks` of an account."""
        counted = [record.value for record in self._records.list(f"usage/{user}/")]
        return {name: sum(value[name] for value in counted) for name in ("bytes", "chunks")}

    def put_column(self, user: str, column: Column) -> None:
        """Store a manifest under its hash."""
        self._blobs.put(f"columns/{user}/{column.hash}", [write_column(column)])

    def find_column(self, user: str, column: str) -> Column | None:
        """Return a column by its hash; None when it is not there."""
        try:
            return read_column(b"".join(self._blobs.get(f"columns/{user}/{column}")))
        except NotFound:
            return None

    def add_source(self, user: str, source_id: str, value: dict[str, Any]) -> bool:
        """Add a data source; False when there is one of this id."""
        try:
            self._records.put(f"sources/{user}/{source_id}", value, if_match=ABSENT)
        except Conflict:
            return False
        return True

    def find_source(self, user: str, source_id: str) -> tuple[dict[str, Any], str] | None:
        """Return a data source and its etag; None when it is not there."""
        try:
            record = self._records.get(f"sources/{user}/{source_id}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def replace_source(self, user: str, old: dict[str, Any], new: dict[str, Any], etag: str) -> None:
        """Replace a live source and keep the old version; `Conflict` when it changed since `etag`."""
        # Whoever replaces this version writes the same history, so it does not matter who loses.
        self._records.put(self._version_key(user, old["id"], old["version"]), old)
        self._records.put(f"sources/{user}/{old['id']}", new, if_match=etag)

    def delete_source(self, user: str, source_id: str, etag: str | None = None) -> None:
        """Delete a source and its versions; its columns stay. `Conflict` when it changed since `etag`."""
        self._records.delete(f"sources/{user}/{source_id}", if_match=etag)
        while versions := self.versions(user, source_id, 0, PAGE):
            for version in versions:
                self.remove_version(user, source_id, version["version"])


    def erase_columns(self, user: str, limit: int) -> int:
        """Delete up to `limit` manifests of an account; return how many."""
        found = self._blobs.list(f"columns/{user}/", limit=limit) if limit else []
        for blob in found:
            self._blobs.delete(blob.key)
        return len(found)

    def uploads(self, user: str, after: str, limit: int) -> dict[str, int]:
        """Return the bytes of the chunks that an account has sent, in the order of their hashes."""
        prefix = f"uploads/{user}/"
        found = self._records.list(prefix, prefix + after, limit)
        return {record.key.removeprefix(prefix): int(dict(record.value)["size"]) for record in found}

    def forget_upload(self, user: str, chunk: str) -> None:
        """End an account's hold on a chunk."""
        key = f"uploads/{user}/{chunk}"
        with suppress(NotFound, Conflict):  # somebody else did it
            upload = self._records.get(key)
            self._records.delete(key, if_match=upload.etag)
            self._count(user, chunk, -upload.value["size"], -1)

    def sources(self, user: str, after: str, limit: int) -> list[dict[str, Any]]:
        """Return data sources in the order of their ids."""
        prefix = f"sources/{user}/"
        return [dict(record.value) for record in self._records.list(prefix, prefix + after, limit)]

    def find_version(self, user: str, source_id: str, version: int) -> dict[str, Any] | None:
        """Return a live source as it was; None when that version is not kept."""
        try:
            return dict(self._records.get(self._version_key(user, source_id, version)).value)
        except NotFound:
            return None

    def versions(self, user: str, source_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the kept versions of a live source that are greater than `after`, oldest first."""
        prefix = f"versions/{user}/{source_id}/"
        start = self._version_key(user, source_id, after)
        return [dict(record.value) for record in self._records.list(prefix, start, limit)]

    def remove_version(self, user: str, source_id: str, version: int) -> None:
        """Forget a version."""
        self._records.delete(self._version_key(user, source_id, version))

    def _version_key(self, user: str, source_id: str, version: int) -> str:
        return f"versions/{user}/{source_id}/{version:012}"

    def _count(self, user: str, chunk: str, size: int, chunks: int = 1) -> None:
        """Add to what the account uses; sixteen counters, so that uploads at once do not wait for each other."""
        key = f"usage/{user}/{chunk[0]}"
        for _ in range(ATTEMPTS):
            try:
                known = self._records.get(key)
            except NotFound:
                value, etag = {"bytes": 0, "chunks": 0}, ABSENT
            else:
                value, etag = known.value, known.etag
            counted = {"bytes": value["bytes"] + size, "chunks": value["chunks"] + chunks}
            with suppress(Conflict):
                self._records.put(key, counted, if_match=etag)
                return
        raise Unavailable("Too many uploads at once; send this chunk again.")
