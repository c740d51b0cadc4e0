"""The pyramids of columns and chunks: cached, stored, or built and then stored in the background.

The first request for a pyramid waits until it is built, which takes about as long as reading the column four
times from memory, but not until it is written to a disk. A pyramid that could not be stored is built again
once it is no longer cached.

The pyramid of each chunk is stored by itself, so that a column that was appended to finds those of its
unchanged chunks. The pyramid of a long column is also stored as a whole, since opening a thousand files takes
50 ms.
"""

import functools
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from bokeh_common.errors import Unavailable
from bokeh_data.columns.manifest import Chunk, Column
from bokeh_data.storage.repository import DataRepository
from bokeh_data.storage.thread_pools import map_parallel
from bokeh_data.windows.cache import Cache
from bokeh_data.windows.chunk_pyramid import (
    ChunkPyramid,
    build_chunk_pyramid,
    read_chunk_pyramid,
    write_chunk_pyramid,
)
from bokeh_data.windows.column_pyramid import (
    ColumnPyramid,
    build_column_pyramid,
    read_column_pyramid,
    write_column_pyramid,
)

log = logging.getLogger(__name__)

#: Pyramids of smaller chunks are not stored, and such chunks may stay compressed: reading them takes no
#: longer.
MIN_CHUNK_BYTES = 64 << 10

#: Pyramids (of about 16 KiB) that may wait to be stored. If there are more, requests store their own.
MAX_PENDING = 128
WRITER_THREADS = 8

#: Pyramids of up to this many mapped chunks are built without threads, which would take longer to start.
MAX_SERIAL_CHUNKS = 8

#: The pyramid of a column of at least this many chunks is stored as a whole.
MIN_STORED_CHUNKS = 64


class PyramidStore:
    """Finds, builds and stores pyramids.

    Args:
        repository: where chunks and pyramids are stored.
        cache: where they are cached.
    """

    def __init__(self, repository: DataRepository, cache: Cache) -> None:
        self._repository = repository
        self._cache = cache
        self._pending: set[Future[None]] = set()

    def column_pyramid(self, column: Column) -> ColumnPyramid:
        """Return the pyramid of a column of numbers or times."""
        if len(column.chunks) < MIN_STORED_CHUNKS:
            pyramids, _ = self._chunk_pyramids(column)
            return build_column_pyramid(pyramids)
        stored = self._repository.find_column_pyramid(column.hash)
        found = None if stored is None else read_column_pyramid(column.dtype, stored)
        if found is not None:
            return found
        pyramids, are_new = self._chunk_pyramids(column)
        built = build_column_pyramid(pyramids)
        if are_new:
            blocks = write_column_pyramid(built)
            self._store_in_background(lambda: self._repository.put_column_pyramid(column.hash, blocks))
        return built

    def flush(self) -> None:
        """Wait until all pyramids are stored."""
        wait(list(self._pending))

    def _chunk_pyramids(self, column: Column) -> tuple[list[ChunkPyramid], bool]:
        """Return the pyramids of a column's chunks, and whether at least half of them were not cached."""
        names = list(dict.fromkeys(chunk.hash for chunk in column.chunks))
        known = {name: self._cache.get(("pyramid", name, column.dtype)) for name in names}
        uncached = [name for name, pyramid in known.items() if pyramid is None]
        known.update(zip(uncached, self._read(column.dtype, uncached), strict=True))
        absent = {chunk.hash: chunk for chunk in column.chunks if known[chunk.hash] is None}
        built = self._build_all(column.dtype, [*absent.values()])
        known.update(zip(absent, built, strict=True))
        found = {name: pyramid for name, pyramid in known.items() if pyramid is not None}
        return [found[chunk.hash] for chunk in column.chunks], 2 * len(uncached) >= len(names)

    def _read(self, dtype: str, chunks: list[str]) -> list[ChunkPyramid | None]:
        """Read and cache the stored pyramids of chunks; None for those that are not stored."""
        views = map_parallel(functools.partial(self._repository.find_chunk_pyramid, dtype=dtype), chunks)
        found = [None if view is None else read_chunk_pyramid(dtype, view) for view in views]
        for chunk, pyramid in zip(chunks, found, strict=True):
            if pyramid is not None:
                self._put_in_cache(dtype, chunk, pyramid)
        return found

    def _build_all(self, dtype: str, chunks: list[Chunk]) -> list[ChunkPyramid]:
        """Build and store the pyramids of chunks."""
        if not self._repository.maps or len(chunks) > MAX_SERIAL_CHUNKS:
            return map_parallel(functools.partial(self._build_and_store, dtype), chunks)
        built = [self._build(dtype, chunk) for chunk in chunks]
        self._store(dtype, chunks, built)
        return built

    def _build_and_store(self, dtype: str, chunk: Chunk) -> ChunkPyramid:
        pyramid = self._build(dtype, chunk)
        self._store(dtype, [chunk], [pyramid])
        return pyramid

    def _build(self, dtype: str, chunk: Chunk) -> ChunkPyramid:
        is_small = chunk.size < MIN_CHUNK_BYTES
        view = self._repository.view_chunk if is_small else self._repository.view_restored_chunk
        pyramid = build_chunk_pyramid(dtype, view(chunk.hash))
        self._put_in_cache(dtype, chunk.hash, pyramid)
        return pyramid

    def _store(self, dtype: str, chunks: list[Chunk], pyramids: list[ChunkPyramid]) -> None:
        pairs = [pair for pair in zip(chunks, pyramids, strict=True) if pair[0].size >= MIN_CHUNK_BYTES]

        def store() -> None:
            for chunk, pyramid in pairs:
                self._repository.put_chunk_pyramid(chunk.hash, dtype, write_chunk_pyramid(pyramid))

        if pairs:
            self._store_in_background(store)

    def _store_in_background(self, store: Callable[[], None]) -> None:
        if len(self._pending) >= MAX_PENDING:
            _try(store)
            return
        future = _writers().submit(_try, store)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    def _put_in_cache(self, dtype: str, chunk: str, pyramid: ChunkPyramid) -> None:
        self._cache.put(("pyramid", chunk, dtype), pyramid, pyramid.size)


def _try(store: Callable[[], None]) -> None:
    try:
        store()
    except Unavailable as error:
        log.warning("a pyramid could not be stored; it is built again when it is needed: %s", error)


@functools.cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITER_THREADS, "pyramid")
