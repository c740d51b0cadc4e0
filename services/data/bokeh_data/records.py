"""Where columns and data sources are kept; this file and `chunks` alone know the keys.

Records:

* `sources/{user}/{id}`: a data source as it is now.
* `versions/{user}/{id}/{version}`: a live source as it was; twelve digits, so that they are in order. The
  newest version may be there already, as a copy that the next commit needs: the source decides which one
  that is.
* `uploads/{user}/{chunk}`: the account may refer to this chunk; its bytes.

Blobs:

* `columns/{user}/{column}`: a manifest and, on a second line, what was worked out beside it.
* `chunks/{chunk}`: the bytes of a chunk; or `compressed/{chunk}`, see `forms`.
* `pyramids/{chunk}-{dtype}`: minima and maxima of a chunk, read as that dtype; made again when it is missing.
* `indexes/{column}`: those of a long column, put together; made again when it is missing.

What refers to what: sources and versions name columns by hash, a column names chunks, and its index; an
upload and a pyramid belong to the chunk in their key. Nothing else does.

A chunk is stored once for all accounts, but an account has to send it before it may refer to it: so nobody
learns from a hash what others store, and a column can be handed to another account by its manifest alone.
"""

import random
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_common.storage import ABSENT
from bokeh_data.chunks import RENEW_SECONDS, Chunks
from bokeh_data.columns import Column, read_column, write_column
from bokeh_data.readers import HOLDERS, together

PAGE = 1000
ATTEMPTS = 30


Columns = Collection[Column]


class Records(Chunks):
    """Data sources, columns and chunks on a record store and a blob store."""

    def ping(self) -> None:
        """Raise `Unavailable` when a store does not answer."""
        self._records.list(limit=1)
        self._blobs.list(limit=1)

    def put_column(self, user: str, column: Column) -> None:
        """Store a manifest under its hash."""
        self._blobs.put(f"columns/{user}/{column.hash}", [write_column(column)])

    def find_column(self, user: str, column: str) -> Column | None:
        """Return a column by its hash; None when it is not there."""
        try:
            return read_column(b"".join(self._blobs.get(f"columns/{user}/{column}")))
        except NotFound:
            return None

    def add_source(self, user: str, source_id: str, value: dict[str, Any], columns: Columns) -> bool:
        """Add a data source of these columns; False when there is one of this id.

        Raises:
            Invalid: chunks are gone; `missing` names them.
            Conflict: others try to add it all the time.
        """
        key, refers = f"sources/{user}/{source_id}", [_column_name(user, column.hash) for column in columns]
        value = {**value, "held": time.time()}
        for attempt in range(ATTEMPTS):
            try:
                self._records.put_referring(key, value, ABSENT, refers, lambda: self._hold(user, columns))
            except Conflict:
                # Another request makes the same source; it is there only when that one has come to its end.
                if self.find_source(user, source_id) is not None:
                    return False
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 5)))  # noqa: S311  # no secret
            else:
                return True
        raise Conflict("Others keep making this source at this moment; try again.")

    def renew_source(self, user: str, source_id: str) -> None:
        """Tell who collects garbage that somebody is about to use a source."""
        with suppress(NotFound, Conflict):
            record = self._records.get(f"sources/{user}/{source_id}")
            if record.value.get("held", 0) < time.time() - RENEW_SECONDS:
                self._records.put(record.key, {**record.value, "held": time.time()}, if_match=record.etag)

    def hold_source(self, user: str, source_id: str) -> dict[str, Any] | None:
        """Keep a source from being collected, for who has just referred to it; None when it is not there."""
        try:
            self._records.touch(f"sources/{user}/{source_id}")
        except NotFound:
            return None
        return self.find_source(user, source_id)

    def hold_column(self, user: str, column: str) -> bool:
        """Keep a column from being collected, as `hold_source`; False when it is not there."""
        try:
            self._blobs.touch(f"columns/{user}/{column}")
        except NotFound:
            return False
        return True

    def _hold(self, user: str, columns: Columns, known: Columns = ()) -> None:
        """Touch columns and their chunks, but those of `known`, which the record refers to already."""
        held = {chunk.hash for column in known for chunk in column.chunks}
        chunks = sorted({chunk.hash for column in columns for chunk in column.chunks} - held)
        kept = together(lambda column: self.hold_column(user, column.hash), list(columns), HOLDERS)
        there = together(lambda chunk: self.renew_chunk(user, chunk), chunks, HOLDERS)
        missing = [chunk for chunk, found in zip(chunks, there, strict=True) if not found]
        if missing or not all(kept):
            detail = (
                f"{len(missing)} chunks are not stored any more; upload those of 'missing' and commit again."
            )
            raise Invalid(detail, slug="missing-chunks", missing=missing)

    def find_source(self, user: str, source_id: str) -> dict[str, Any] | None:
        """Return a data source; None when it is not there."""
        found = self.read_source(user, source_id)
        return found and found[0]

    def read_source(self, user: str, source_id: str) -> tuple[dict[str, Any], str] | None:
        """Return a data source and its etag; None when it is not there."""
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
        known: Columns = (),
    ) -> None:
        """Replace a live source by one of these columns, and keep it as an old version.

        Args:
            user: the account.
            old: what it is.
            new: what it will be.
            etag: of the old one.
            columns: those of `new` that `old` has not.
            known: columns of `old` whose chunks need not be looked after.

        Raises:
            Conflict: it changed since `etag`.
            Invalid: chunks are gone; `missing` names them.
        """
        # Whoever replaces this version writes the same history, so it does not matter who loses.
        self._records.put(_version_key(user, old["id"], old["version"]), old)
        key, refers = f"sources/{user}/{old['id']}", [_column_name(user, column.hash) for column in columns]
        value = {**new, "held": time.time()}
        self._records.put_referring(key, value, etag, refers, lambda: self._hold(user, columns, known))

    def delete_source(self, user: str, source_id: str, etag: str | None = None) -> None:
        """Delete a source and its old versions; its columns stay. `Conflict` when it changed since `etag`."""
        self._records.delete(f"sources/{user}/{source_id}", if_match=etag)
        while versions := self.versions(user, source_id, 0, PAGE):
            for version in versions:
                self.remove_version(user, source_id, version["version"])

    def find_version(self, user: str, source_id: str, version: int) -> dict[str, Any] | None:
        """Return a live source as it was; None when that version is not kept."""
        try:
            return dict(self._records.get(_version_key(user, source_id, version)).value)
        except NotFound:
            return None

    def versions(self, user: str, source_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the kept versions of a live source that are greater than `after`, oldest first."""
        prefix, start = f"versions/{user}/{source_id}/", _version_key(user, source_id, after)
        return [dict(record.value) for record in self._records.list(prefix, start, limit)]

    def remove_version(self, user: str, source_id: str, version: int) -> None:
        """Forget a version."""
        self._records.delete(_version_key(user, source_id, version))

    def erase_columns(self, user: str, limit: int) -> int:
        """Delete up to `limit` manifests of an account; return how many."""
        found = self._blobs.list(f"columns/{user}/", limit=limit) if limit else []
        for blob in found:
            self._blobs.delete(blob.key)
        return len(found)

    def column_names(self, user: str, after: str, limit: int) -> list[str]:
        """Return the hashes of an account's columns, in order."""
        prefix = f"columns/{user}/"
        return [blob.key.removeprefix(prefix) for blob in self._blobs.list(prefix, prefix + after, limit)]

    def sources(self, user: str, after: str, limit: int) -> list[dict[str, Any]]:
        """Return data sources in the order of their ids."""
        prefix = f"sources/{user}/"
        return [dict(record.value) for record in self._records.list(prefix, prefix + after, limit)]


def _version_key(user: str, source_id: str, version: int) -> str:
    return f"versions/{user}/{source_id}/{version:012}"


def _column_name(user: str, column: str) -> str:
    return f"data:columns/{user}/{column}"
