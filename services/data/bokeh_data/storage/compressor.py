"""The compressor: compresses chunks that have not been used for a while, a few at a time, in the background.

Each chunk is considered once, after it has not been uploaded or referred to for a while. It stays raw if
compression saves little, or if it has a pyramid: then windows, which read all over it, have been requested.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bokeh_common.errors import NotFound
from bokeh_common.storage import BlobStat, BlobStore
from bokeh_data.storage.chunk_codec import MAX_CHUNK_BYTES, MIN_CHUNK_BYTES
from bokeh_data.storage.chunk_store import RAW, ChunkStore

PAGE = 500  # chunks that are listed at once
MAX_SECONDS = 5.0  # after which a run ends, and the next one continues

PYRAMIDS = "pyramids"


@dataclass
class CompressionProgress:
    """What a run has done.

    Attributes:
        after: the chunk after which the next run continues; None at the end.
        chunks: how many were compressed.
        saved: bytes of the storage.
    """

    after: str | None
    chunks: int = 0
    saved: int = 0


class Compressor:
    """Compresses chunks on a blob store."""

    def __init__(
        self, blobs: BlobStore, clock: Callable[[], float] = time.monotonic, page: int = PAGE
    ) -> None:
        """Create a compressor.

        Args:
            blobs: where chunks are stored.
            clock: returns seconds.
            page: how many chunks to list at once.
        """
        self._blobs = blobs
        self._chunks = ChunkStore(blobs)
        self._clock = clock
        self._page = page

    def run(self, after: str, since: float, until: float) -> CompressionProgress:
        """Compress some of the chunks whose names are greater than `after`.

        Args:
            after: the last chunk that was considered.
            since: POSIX seconds; chunks that were touched earlier have been considered before.
            until: POSIX seconds; chunks that were touched later are still in use.
        """
        listed = self._blobs.list(f"{RAW}/", f"{RAW}/{after}", self._page)
        due = [stat for stat in listed if since < stat.touched <= until and _has_fitting_size(stat)]
        in_windows, end = self._with_pyramids(due), self._clock() + MAX_SECONDS
        compressed: list[tuple[BlobStat, int]] = []
        last = chunk_of(listed[-1].key) if len(listed) == self._page else None
        for stat in due:
            self._compress(stat, in_windows, compressed)
            if self._clock() > end:
                last = chunk_of(stat.key)
                break
        return self._delete_raw(compressed, CompressionProgress(last))

    def _compress(self, stat: BlobStat, in_windows: set[str], compressed: list[tuple[BlobStat, int]]) -> None:
        """Compress a chunk, and append it to `compressed` with the size of its compressed form."""
        chunk = chunk_of(stat.key)
        try:
            size = None if chunk in in_windows else self._chunks.compress(chunk)
        except NotFound:  # collected in the meantime
            return
        if size is None:
            self._chunks.delete_compressed(chunk)
        else:
            compressed.append((stat, size))

    def _delete_raw(
        self, compressed: list[tuple[BlobStat, int]], progress: CompressionProgress
    ) -> CompressionProgress:
        """Delete the raw forms, once a crash of the storage can no longer lose the compressed ones."""
        lost = self._blobs.traits.lost_seconds
        if compressed and math.isfinite(lost):
            time.sleep(lost)
        deleted = self._blobs.delete_unchanged([(stat.key, stat.etag) for stat, _ in compressed])
        for (stat, size), is_deleted in zip(compressed, deleted, strict=True):
            if is_deleted:
                progress.chunks += 1
                progress.saved += stat.size - size
        return progress

    def _with_pyramids(self, due: list[BlobStat]) -> set[str]:
        """Return a superset of those of some chunks, in ascending order, that have a pyramid."""
        found: set[str] = set()
        if not due:
            return found
        after, end = (f"{PYRAMIDS}/{chunk_of(stat.key)}" for stat in (due[0], due[-1]))
        while page := self._blobs.keys(f"{PYRAMIDS}/", after, PAGE):
            found.update(chunk_of(key).partition("-")[0] for key in page)
            after = page[-1]
            if after > f"{end}0":  # greater than all keys that continue with a dash
                break
        return found


def chunk_of(key: str) -> str:
    """Return the chunk in a key."""
    return key.rpartition("/")[2]


def _has_fitting_size(stat: BlobStat) -> bool:
    return MIN_CHUNK_BYTES <= stat.size <= MAX_CHUNK_BYTES
