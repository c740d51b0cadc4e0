"""Chunks: which accounts may refer to them, their bytes, their pyramids; `repository.py` lists the keys."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import BlobStore, RecordStore
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore
from bokeh_data.storage.chunk_store import ChunkStore
from bokeh_data.storage.quotas import UPLOAD_BYTES, Quotas, metered
from bokeh_data.storage.usage_ledger import UsageLedger

#: An object that was touched at most so many seconds ago is not touched again when it is only looked up.
TOUCH_SECONDS = 3600.0
PAGE = 1000


class ChunkRepository:
    """Chunks on a record store and a blob store."""

    def __init__(self, records: RecordStore, blobs: BlobStore) -> None:
        self._records = TwoPhaseRecordStore(records)
        self._blobs = blobs
        self._chunks = ChunkStore(blobs)
        self.ledger = UsageLedger(records)
        self.quotas = Quotas(self.ledger, self.stored_bytes)

    def set_quota(self, user: str, limit: int | None) -> None:
        """Set how many bytes an account may have from now on; None for any number."""
        self.quotas.set_limit(user, limit)

    def stored_bytes(self, user: str) -> int:
        """Return how many bytes an account stores here."""
        stored, after = 0, ""
        while page := self.uploads(user, after, PAGE):
            stored += sum(page.values()) + UPLOAD_BYTES * len(page)
            after = list(page)[-1]
        return stored

    def touch_chunk(self, user: str, chunk: str) -> bool:
        """Mark a chunk as used now; return False if the account has not uploaded it, or it was collected."""
        key = f"uploads/{user}/{chunk}"
        try:
            upload = self._records.get(key)
            if upload.value.get("at", 0) < time.time() - TOUCH_SECONDS:
                self._records.put(key, {**upload.value, "at": time.time()}, if_match=upload.etag)
            self._chunks.touch(chunk)
        except (NotFound, Conflict):
            return False
        return True

    def put_chunk(self, user: str, chunk: str, blocks: Iterable[bytes]) -> None:
        """Store a chunk; nothing is stored if `blocks` raises.

        Raises:
            Forbidden: the account would exceed its quota.
        """
        with self.quotas.reserve(user) as grow:
            size = self._chunks.put(chunk, metered(blocks, grow))
            self._records.put(f"uploads/{user}/{chunk}", {"size": size, "at": time.time()})
        try:  # the record is new, which protects it as a touch does
            self._chunks.touch(chunk)
        except NotFound:  # collected before the record referred to it
            raise Unavailable("This chunk was deleted while it was being stored; send it again.") from None

    def read_chunk(self, chunk: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes `start <= i < end` of a chunk, in blocks."""
        return self._chunks.read(chunk, start, end)

    def view_chunk(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk at once; mapped if the storage maps files and the chunk is raw."""
        return self._chunks.view(chunk)

    def read_restored_chunk(self, chunk: str, start: int, end: int) -> Iterator[bytes]:
        """Return as `read_chunk`, for random access: the chunk is raw from now on."""
        return self._chunks.read_restored(chunk, start, end)

    def view_restored_chunk(self, chunk: str) -> memoryview:
        """Return as `view_chunk`, for random access: the chunk is raw from now on."""
        return self._chunks.view_restored(chunk)

    @property
    def maps(self) -> bool:
        """Whether `view_restored_chunk` takes no memory."""
        return self._blobs.traits.memory_mapped

    def find_chunk_pyramid(self, chunk: str, dtype: str) -> memoryview | None:
        """Return the stored pyramid of a chunk of that dtype; None if there is none."""
        try:
            return self._blobs.view(f"pyramids/{chunk}-{dtype}")
        except NotFound:
            return None

    def put_chunk_pyramid(self, chunk: str, dtype: str, data: bytes) -> None:
        """Store the pyramid of a chunk."""
        self._blobs.put(f"pyramids/{chunk}-{dtype}", [data])

    def find_column_pyramid(self, column: str) -> memoryview | None:
        """Return the stored pyramid of a column, mapped if the storage maps files; None if there is none."""
        try:
            return self._blobs.view(f"indexes/{column}")
        except NotFound:
            return None

    def put_column_pyramid(self, column: str, blocks: Iterable[bytes]) -> None:
        """Store the pyramid of a column."""
        self._blobs.put(f"indexes/{column}", blocks)

    def grant_chunk(self, user: str, chunk: str, size: int) -> None:
        """Let an account refer to a chunk that another account uploaded.

        Raises:
            Forbidden: the account would exceed its quota.
        """
        with suppress(NotFound):
            self._records.touch(f"uploads/{user}/{chunk}")
            return  # the account's usage includes it already
        with self.quotas.reserve(user) as grow:
            grow(size + UPLOAD_BYTES)
            self._records.put(f"uploads/{user}/{chunk}", {"size": size})

    def chunk_size(self, user: str, chunk: str) -> int | None:
        """Return the bytes of a chunk; None if the account has not uploaded it, or it was collected."""
        try:
            upload = self._records.get(f"uploads/{user}/{chunk}")
            self._chunks.require(chunk)
            return int(upload.value["size"])
        except NotFound:
            return None

    def pin_chunk(self, user: str, chunk: str) -> bool:
        """Touch a chunk and the account's upload of it; return False if either does not exist."""
        try:
            self._records.touch(f"uploads/{user}/{chunk}")
            self._chunks.touch(chunk)
        except NotFound:
            return False
        return True

    def uploads(self, user: str, after: str, limit: int) -> dict[str, int]:
        """Return the bytes of chunks that an account may refer to, by hash, in the order of their hashes."""
        prefix = f"uploads/{user}/"
        found = self._records.list(prefix, prefix + after, limit)
        return {record.key.removeprefix(prefix): int(dict(record.value)["size"]) for record in found}

    def delete_upload(self, user: str, chunk: str) -> None:
        """Revoke that an account may refer to a chunk."""
        self._records.delete(f"uploads/{user}/{chunk}")
