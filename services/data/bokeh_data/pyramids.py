"""The pyramids of columns: at hand, or stored, or made now and stored meanwhile.

Who asks first waits until they are made, which takes about as long as to read the column four times from
memory, but not until a disk has them. What could not be stored is made again when it is not at hand any more.

Each chunk's is stored by itself, so that a column to which rows were added finds those of its other chunks.
That of a long column, its index, is stored once more as a whole: to open a thousand files takes 50 ms.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, partial

from bokeh_common.errors import Unavailable
from bokeh_data.columns import Chunk, Column
from bokeh_data.hot import Hot
from bokeh_data.index import Index, index_of, read_index, write_index
from bokeh_data.pyramid import Pyramid, build, read, write
from bokeh_data.readers import together
from bokeh_data.records import Records

log = logging.getLogger(__name__)

#: A chunk of fewer bytes has its pyramid made when it is needed, and may stay compressed: reading it takes no
#: longer.
SMALLEST = 64 << 10

#: Pyramids that wait to be stored, of about 16 KiB; whoever makes more stores them, too.
MOST_WAITING = 128
WRITERS = 8  # threads

FEW = 8  # chunks
MANY = 64  # chunks of a column whose index is stored


class Pyramids:
    """Those of columns and their chunks.

    Args:
        records: where chunks and pyramids are.
        hot: what is at hand.
    """

    def __init__(self, records: Records, hot: Hot) -> None:
        self._records = records
        self._hot = hot
        self._storing: set[Future[None]] = set()

    def index(self, column: Column) -> Index:
        """Return the pyramid of a column."""
        if len(column.chunks) < MANY:
            pyramids, _ = self._of_chunks(column)
            return index_of(pyramids)
        stored = self._records.index(column.hash)
        found = None if stored is None else read_index(column.dtype, stored)
        if found is not None:
            return found
        pyramids, are_new = self._of_chunks(column)
        made = index_of(pyramids)
        if are_new:
            self._store_soon(lambda: self._records.put_index(column.hash, write_index(made)))
        return made

    def settle(self) -> None:
        """Wait until nothing is being stored."""
        wait(list(self._storing))

    def _of_chunks(self, column: Column) -> tuple[list[Pyramid], bool]:
        """Return the pyramids of all chunks of a column, and whether most of them were not at hand."""
        names = list(dict.fromkeys(chunk.hash for chunk in column.chunks))
        known = {name: self._hot.get(("pyramid", name, column.dtype)) for name in names}
        missing = [name for name, pyramid in known.items() if pyramid is None]
        known.update(zip(missing, self._read(column.dtype, missing), strict=True))
        absent = {chunk.hash: chunk for chunk in column.chunks if known[chunk.hash] is None}
        made = self._make_all(column.dtype, [*absent.values()])
        known.update(zip(absent, made, strict=True))
        found = {name: pyramid for name, pyramid in known.items() if pyramid is not None}
        return [found[chunk.hash] for chunk in column.chunks], 2 * len(missing) >= len(names)

    def _read(self, dtype: str, chunks: list[str]) -> list[Pyramid | None]:
        """Return the stored pyramids of chunks, from now on at hand; None where there is none."""
        views = together(partial(self._records.pyramid, dtype=dtype), chunks)
        found = [None if view is None else read(dtype, view) for view in views]
        for chunk, pyramid in zip(chunks, found, strict=True):
            if pyramid is not None:
                self._keep(dtype, chunk, pyramid)
        return found

    def _make_all(self, dtype: str, chunks: list[Chunk]) -> list[Pyramid]:
        """Make pyramids, many at the same time, and few as they come: threads take longer to begin."""
        if not self._records.maps or len(chunks) > FEW:
            return together(partial(self._make, dtype), chunks)
        made = [self._build(dtype, chunk) for chunk in chunks]
        self._store_pyramids(dtype, chunks, made)
        return made

    def _make(self, dtype: str, chunk: Chunk) -> Pyramid:
        pyramid = self._build(dtype, chunk)
        self._store_pyramids(dtype, [chunk], [pyramid])
        return pyramid

    def _build(self, dtype: str, chunk: Chunk) -> Pyramid:
        small = chunk.size < SMALLEST
        view = self._records.chunk_view if small else self._records.restored_chunk_view
        pyramid = build(dtype, view(chunk.hash))
        self._keep(dtype, chunk.hash, pyramid)
        return pyramid

    def _store_pyramids(self, dtype: str, chunks: list[Chunk], pyramids: list[Pyramid]) -> None:
        stored = [pair for pair in zip(chunks, pyramids, strict=True) if pair[0].size >= SMALLEST]

        def store() -> None:
            for chunk, pyramid in stored:
                self._records.put_pyramid(chunk.hash, dtype, write(pyramid))

        if stored:
            self._store_soon(store)

    def _store_soon(self, store: Callable[[], None]) -> None:
        if len(self._storing) >= MOST_WAITING:
            _try(store)
            return
        future = _writers().submit(_try, store)
        self._storing.add(future)
        future.add_done_callback(self._storing.discard)

    def _keep(self, dtype: str, chunk: str, pyramid: Pyramid) -> None:
        self._hot.keep(("pyramid", chunk, dtype), pyramid, pyramid.cells.nbytes)


def _try(store: Callable[[], None]) -> None:
    try:
        store()
    except Unavailable as error:
        log.warning("a pyramid could not be stored, and is made again when it is needed: %s", error)


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITERS, "pyramid")
