"""The chunk store: chunks in one of two forms, raw (`chunks/{chunk}`) or compressed (`compressed/{chunk}`).

Each key holds the same bytes for ever, so a reader need not know which form exists: it looks for the raw
form, then for the compressed one. Chunks are stored raw. The compressor compresses those that have not been
used for a while, and a window, which reads all over a chunk, restores the raw form. Both write the new form
first. Only the compressor deletes the raw form, and only if it has not been touched in the meantime. So at
least one form exists at any time, and a touch protects a chunk from collection in either form.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.hashing import verify_blocks
from bokeh_common.storage import BlobStat, BlobStore
from bokeh_data.storage.chunk_codec import (
    MAX_COMPRESSED_RATIO,
    DamagedChunk,
    choose_width,
    compress,
    decompress,
)
from bokeh_data.storage.locks import Locks

RAW = "chunks"
COMPRESSED = "compressed"

T = TypeVar("T")


class ChunkStore:
    """Chunks on a blob store, in either form."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._locks = Locks()

    def put(self, chunk: str, blocks: Iterable[bytes]) -> int:
        """Store a raw chunk; return its size in bytes."""
        return self._blobs.put(f"{RAW}/{chunk}", blocks).size

    def read(self, chunk: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes `start <= i < end` of a chunk, in blocks.

        Raises:
            NotFound: the chunk does not exist.
        """
        return self._resume_in_other_form(chunk, start, end, *self._open(chunk, start, end))

    def view(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk at once; mapped if the storage maps files and the chunk is raw."""
        if self._blobs.traits.memory_mapped:
            with suppress(NotFound):
                return self._blobs.view(f"{RAW}/{chunk}")
        return memoryview(b"".join(self.read(chunk)))

    def touch(self, chunk: str) -> None:
        """Mark a chunk as used now.

        Raises:
            NotFound: the chunk does not exist.
        """
        self._with_either_form(chunk, lambda key, _: self._blobs.touch(key))

    def require(self, chunk: str) -> None:
        """Raise `NotFound` if a chunk does not exist."""
        self._with_either_form(chunk, lambda key, _: self._blobs.stat(key))

    def view_restored(self, chunk: str) -> memoryview:
        """Return as `view`, for random access: a compressed chunk is stored raw first."""
        try:
            return self._blobs.view(f"{RAW}/{chunk}")
        except NotFound:
            self._restore(chunk)
            return self._blobs.view(f"{RAW}/{chunk}")

    def read_restored(self, chunk: str, start: int, end: int) -> Iterator[bytes]:
        """Return as `read`, for random access: a compressed chunk is stored raw first."""
        try:
            return self._blobs.get(f"{RAW}/{chunk}", start, end)
        except NotFound:
            self._restore(chunk)
            return self._blobs.get(f"{RAW}/{chunk}", start, end)

    def compress(self, chunk: str) -> int | None:
        """Store the compressed form of a raw chunk; return its size, None if it saves too little."""
        view = self._blobs.view(f"{RAW}/{chunk}")
        width = choose_width(view)
        if width is None:
            return None
        data = b"".join(compress(view, width))
        if len(data) > MAX_COMPRESSED_RATIO * len(view):
            return None
        for _ in verify_blocks(decompress([data]), chunk, lambda _: DamagedChunk()):
            pass
        return self._blobs.put(f"{COMPRESSED}/{chunk}", [data]).size

    def delete_compressed(self, chunk: str) -> None:
        """Delete the compressed form of a chunk that exists in both forms."""
        with suppress(NotFound, Conflict):
            etag = self._blobs.stat(f"{COMPRESSED}/{chunk}").etag
            self._blobs.touch(
                f"{RAW}/{chunk}"
            )  # so that no other process deletes it, relying on the compressed one
            self._blobs.delete(f"{COMPRESSED}/{chunk}", if_match=etag)

    def _open(self, chunk: str, start: int, end: int | None) -> tuple[str, Iterator[bytes]]:
        """Return the key of the form that exists, and the bytes of the chunk."""

        def open_form(key: str, is_compressed: bool) -> tuple[str, Iterator[bytes]]:
            if is_compressed:
                return key, decompress(self._blobs.get(key), start, end)
            return key, self._blobs.get(key, start, end)

        return self._with_either_form(chunk, open_form)

    def _resume_in_other_form(
        self, chunk: str, start: int, end: int | None, key: str, blocks: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Yield blocks; if the form is deleted meanwhile, continue in the other one."""
        try:
            for block in blocks:
                start += len(block)
                yield block
        except Unavailable:
            if self._find(key):
                raise
            yield from self._open(chunk, start, end)[1]

    def _with_either_form(self, chunk: str, use: Callable[[str, bool], T]) -> T:
        """Call a function with the key of the form that exists, and whether it is compressed."""
        for form in (RAW, COMPRESSED):
            with suppress(NotFound):
                return use(f"{form}/{chunk}", form == COMPRESSED)
        return use(f"{RAW}/{chunk}", False)  # it may have been restored between the two attempts

    def _find(self, key: str) -> BlobStat | None:
        with suppress(NotFound):
            return self._blobs.stat(key)
        return None

    def _restore(self, chunk: str) -> None:
        with self._locks.acquire("chunk", chunk):
            if not self._find(f"{RAW}/{chunk}"):
                blocks = decompress(self._blobs.get(f"{COMPRESSED}/{chunk}"))
                self._blobs.put(f"{RAW}/{chunk}", verify_blocks(blocks, chunk, lambda _: DamagedChunk()))
