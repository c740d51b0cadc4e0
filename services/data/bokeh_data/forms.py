"""The two forms that a chunk is kept in: as it is, `chunks/{chunk}`, and compressed, `compressed/{chunk}`.

Each key holds one sequence of bytes for ever, so nobody who reads has to know which form there is: readers
look for the first, then for the other. Chunks come in as they are; `compressor` changes the form of those
that have come to rest, and who reads all over a chunk changes it back. Who changes the form writes the new
one; the compressor alone deletes the other, if it has not been touched since before. So one of them is there
at any time, and what is touched is not collected, in whichever form.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from blake3 import blake3

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import BlobStat, BlobStore
from bokeh_data.compression import WORTH, Damaged, compressed, unpacked, width_for
from bokeh_data.locks import Locks

AS_IT_IS = "chunks"
COMPRESSED = "compressed"

T = TypeVar("T")


class Forms:
    """Chunks on a blob store, in either form."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._locks = Locks()

    def put(self, chunk: str, blocks: Iterable[bytes]) -> int:
        """Store a chunk as it is; return its bytes."""
        return self._blobs.put(f"{AS_IT_IS}/{chunk}", blocks).size

    def get(self, chunk: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes of a chunk, or of a range of it, in blocks; `NotFound`."""
        return self._read_on(chunk, start, end, *self._opened(chunk, start, end))

    def view(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk at once, mapped where the storage can and it is not compressed."""
        if self._blobs.traits.maps:
            with suppress(NotFound):
                return self._blobs.view(f"{AS_IT_IS}/{chunk}")
        return memoryview(b"".join(self.get(chunk)))

    def touch(self, chunk: str) -> None:
        """Mark a chunk as used just now; `NotFound`."""
        self._first(chunk, lambda key, _: self._blobs.touch(key))

    def demand(self, chunk: str) -> None:
        """Raise `NotFound` when a chunk is not there."""
        self._first(chunk, lambda key, _: self._blobs.stat(key))

    def restored_view(self, chunk: str) -> memoryview:
        """Return as `view`, for reading all over the chunk: a compressed one is stored as it is before."""
        try:
            return self._blobs.view(f"{AS_IT_IS}/{chunk}")
        except NotFound:
            self._restore(chunk)
            return self._blobs.view(f"{AS_IT_IS}/{chunk}")

    def restored(self, chunk: str, start: int, end: int) -> Iterator[bytes]:
        """Return as `get`; otherwise as `restored_view`."""
        try:
            return self._blobs.get(f"{AS_IT_IS}/{chunk}", start, end)
        except NotFound:
            self._restore(chunk)
            return self._blobs.get(f"{AS_IT_IS}/{chunk}", start, end)

    def compress(self, chunk: str) -> int | None:
        """Store the compressed form of a chunk beside it; return its bytes, None where it is not worth it."""
        view = self._blobs.view(f"{AS_IT_IS}/{chunk}")
        width = width_for(view)
        if width is None:
            return None
        data = b"".join(compressed(view, width))
        if len(data) > WORTH * len(view):
            return None
        for _ in _verified(unpacked([data]), chunk):
            pass
        return self._blobs.put(f"{COMPRESSED}/{chunk}", [data]).size

    def drop_compressed(self, chunk: str) -> None:
        """Delete the compressed form of a chunk that is there as it is, too."""
        with suppress(NotFound, Conflict):
            etag = self._blobs.stat(f"{COMPRESSED}/{chunk}").etag
            self._blobs.touch(f"{AS_IT_IS}/{chunk}")  # now nobody deletes this one, who thinks of the other
            self._blobs.delete(f"{COMPRESSED}/{chunk}", if_match=etag)

    def _opened(self, chunk: str, start: int, end: int | None) -> tuple[str, Iterator[bytes]]:
        def opened(key: str, is_compressed: bool) -> tuple[str, Iterator[bytes]]:
            if is_compressed:
                return key, unpacked(self._blobs.get(key), start, end)
            return key, self._blobs.get(key, start, end)

        return self._first(chunk, opened)

    def _read_on(
        self, chunk: str, start: int, end: int | None, key: str, blocks: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Yield blocks; when the form was changed meanwhile, go on where it stopped in the other one."""
        try:
            for block in blocks:
                start += len(block)
                yield block
        except Unavailable:
            if self._is_there(key):
                raise
            yield from self._opened(chunk, start, end)[1]

    def _first(self, chunk: str, work: Callable[[str, bool], T]) -> T:
        """Do it with the form that is there; the last look is for who changed it meanwhile."""
        for form in (AS_IT_IS, COMPRESSED):
            with suppress(NotFound):
                return work(f"{form}/{chunk}", form == COMPRESSED)
        return work(f"{AS_IT_IS}/{chunk}", False)

    def _is_there(self, key: str) -> BlobStat | None:
        with suppress(NotFound):
            return self._blobs.stat(key)
        return None

    def _restore(self, chunk: str) -> None:
        with self._locks.of("chunk", chunk):
            if not self._is_there(f"{AS_IT_IS}/{chunk}"):
                blocks = unpacked(self._blobs.get(f"{COMPRESSED}/{chunk}"))
                self._blobs.put(f"{AS_IT_IS}/{chunk}", _verified(blocks, chunk))


def _verified(blocks: Iterable[bytes], chunk: str) -> Iterator[bytes]:
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
        yield block
    if hasher.hexdigest() != chunk:
        raise Damaged
