"""Chunks: their bytes, who may refer to them, pyramids.

`records` tells the keys, `forms` how bytes are kept.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import BlobStore, RecordStore
from bokeh_common.storage.staged import StagedRecords
from bokeh_data.forms import Forms
from bokeh_data.quotas import Quotas, measured

#: Seconds after which who says that a thing is there says so to who collects garbage, too.
RENEW_SECONDS = 3600.0


class Chunks:
    """Chunks on a record store and a blob store."""

    def __init__(self, records: RecordStore, blobs: BlobStore) -> None:
        self._records = StagedRecords(records)
        self._blobs = blobs
        self._forms = Forms(blobs)
        self._quotas = Quotas(self.uploads)

    def bound(self, user: str, limit: int | None) -> None:
        """Note how many bytes an account may have: what would be more is refused from now on."""
        self._quotas.bound(user, limit)

    def touch_chunk(self, user: str, chunk: str) -> bool:
        """Mark a chunk as used just now; False when the account has not sent it, or it is gone."""
        key = f"uploads/{user}/{chunk}"
        try:
            upload = self._records.get(key)
            if upload.value.get("at", 0) < time.time() - RENEW_SECONDS:
                self._records.put(key, {**upload.value, "at": time.time()}, if_match=upload.etag)
            self._forms.touch(chunk)
        except (NotFound, Conflict):
            return False
        return True

    def put_chunk(self, user: str, chunk: str, blocks: Iterable[bytes]) -> None:
        """Store a chunk whole, or not at all when `blocks` raises.

        Raises:
            Forbidden: the account would have more than it may.
        """
        with self._quotas.storing(user, chunk) as grow:
            size = self._forms.put(chunk, measured(blocks, grow))
            self._records.put(f"uploads/{user}/{chunk}", {"size": size, "at": time.time()})
        try:  # the record is new, which is as good as a touch
            self._forms.touch(chunk)
        except NotFound:  # collected before the account had a hold on it
            raise Unavailable("This chunk was deleted while it was stored; send it again.") from None

    def chunk(self, chunk: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a chunk, or of a range of it."""
        return self._forms.get(chunk, start, end)

    def chunk_view(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk at once, mapped where the storage can and it is not compressed."""
        return self._forms.view(chunk)

    def restored_chunk(self, chunk: str, start: int, end: int) -> Iterator[bytes]:
        """Yield a range of a chunk, of which more will be read: it is not compressed from now on."""
        return self._forms.restored(chunk, start, end)

    def restored_chunk_view(self, chunk: str) -> memoryview:
        """Return as `chunk_view`, for reading all over the chunk: it is not compressed from now on."""
        return self._forms.restored_view(chunk)

    @property
    def maps(self) -> bool:
        """Whether `restored_chunk_view` takes no memory."""
        return self._blobs.traits.maps

    def pyramid(self, chunk: str, dtype: str) -> memoryview | None:
        """Return the pyramid of a chunk that is read as `dtype`; None when nobody has made it."""
        try:
            return self._blobs.view(f"pyramids/{chunk}-{dtype}")
        except NotFound:
            return None

    def put_pyramid(self, chunk: str, dtype: str, data: bytes) -> None:
        """Store the pyramid of a chunk."""
        self._blobs.put(f"pyramids/{chunk}-{dtype}", [data])

    def index(self, column: str) -> memoryview | None:
        """Return the index of a column, mapped where the storage can; None when nobody has made it."""
        try:
            return self._blobs.view(f"indexes/{column}")
        except NotFound:
            return None

    def put_index(self, column: str, blocks: Iterable[bytes]) -> None:
        """Store the index of a column."""
        self._blobs.put(f"indexes/{column}", blocks)

    def hold_chunk(self, user: str, chunk: str, size: int) -> None:
        """Let an account refer to a chunk that another one has sent; raises as `put_chunk`."""
        with suppress(NotFound):
            self._records.touch(f"uploads/{user}/{chunk}")
            return  # it counts already
        with self._quotas.storing(user, chunk) as grow:
            grow(size)
            self._records.put(f"uploads/{user}/{chunk}", {"size": size})

    def chunk_size(self, user: str, chunk: str) -> int | None:
        """Return how many bytes a chunk has; None when the account has not sent it, or it is gone."""
        try:
            upload = self._records.get(f"uploads/{user}/{chunk}")
            self._forms.demand(chunk)
            return int(upload.value["size"])
        except NotFound:
            return None

    def renew_chunk(self, user: str, chunk: str) -> bool:
        """Keep a chunk and an account's hold on it from being collected; False when one is not there."""
        try:
            self._records.touch(f"uploads/{user}/{chunk}")
            self._forms.touch(chunk)
        except NotFound:
            return False
        return True

    def uploads(self, user: str, after: str, limit: int) -> dict[str, int]:
        """Return the bytes of the chunks that an account has sent, in the order of their hashes."""
        prefix = f"uploads/{user}/"
        found = self._records.list(prefix, prefix + after, limit)
        return {record.key.removeprefix(prefix): int(dict(record.value)["size"]) for record in found}

    def forget_upload(self, user: str, chunk: str) -> None:
        """End an account's hold on a chunk."""
        self._records.delete(f"uploads/{user}/{chunk}")
