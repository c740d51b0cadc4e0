"""The pyramids of columns: at hand, or stored, or made now and stored meanwhile.

Who asks first waits until they are made, which takes less time than to read the column, but not until a disk
has them. What could not be stored is made again when it is not at hand any more.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, partial

from bokeh_common.errors import Unavailable
from bokeh_data.columns import Chunk, Column
from bokeh_data.hot import Hot
from bokeh_data.paging import fetch_start, in_memory
from bokeh_data.pyramid import Pyramid, build, read, top_bytes, write
from bokeh_data.readers import together
from bokeh_data.records import Records

log = logging.getLogger(__name__)

#: A chunk of fewer bytes has its pyramid made when it is needed, and may stay compressed: reading it takes no
#: longer.
SMALLEST = 64 << 10

#: Pyramids that wait to be stored, of about 130 KiB; whoever makes more stores them, too.
MOST_WAITING = 128
WRITERS = 8  # threads

FEW = 8  # chunks


class Pyramids:
    """Those of chunks.

    Args:
        records: where chunks and pyramids are.
        hot: what is at hand.
    """

    def __init__(self, records: Records, hot: Hot) -> None:
        self._records = records
        self._hot = hot
        self._storing: set[Future[None]] = set()

    def of(self, column: Column) -> list[Pyramid]:
        """Return the pyramids of all chunks of a column."""
        names = list(dict.fromkeys(chunk.hash for chunk in column.chunks))
        known = {name: self._hot.get(("pyramid", name, column.dtype)) for name in names}
        missing = [name for name, pyramid in known.items() if pyramid is None]
        known.update(zip(missing, self._read(column.dtype, missing), strict=True))
        absent = {chunk.hash: chunk for chunk in column.chunks if known[chunk.hash] is None}
        made = self._make_all(column.dtype, [*absent.values()])
        known.update(zip(absent, made, strict=True))
        found = {name: pyramid for name, pyramid in known.items() if pyramid is not None}
        return [found[chunk.hash] for chunk in column.chunks]

    def settle(self) -> None:
        """Wait until nothing is being stored."""
        wait(list(self._storing))

    def _read(self, dtype: str, chunks: list[str]) -> list[Pyramid | None]:
        """Return the stored pyramids of chunks, from now on at hand; None where there is none."""
        load = partial(self._records.pyramid, dtype=dtype)
        views = [load(chunk) for chunk in chunks] if self._records.maps else together(load, chunks)
        for view in views if len(views) > 1 else ():
            if view is not None:
                fetch_start(view, top_bytes(len(view)))
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
        for chunk, pyramid in zip(chunks, made, strict=True):
            self._store_soon(dtype, chunk, pyramid)
        return made

    def _make(self, dtype: str, chunk: Chunk) -> Pyramid:
        pyramid = self._build(dtype, chunk)
        self._store_soon(dtype, chunk, pyramid)
        return pyramid

    def _build(self, dtype: str, chunk: Chunk) -> Pyramid:
        small = chunk.size < SMALLEST
        view = self._records.chunk_view if small else self._records.restored_chunk_view
        pyramid = build(dtype, view(chunk.hash))
        self._keep(dtype, chunk.hash, pyramid)
        return pyramid

    def _store_soon(self, dtype: str, chunk: Chunk, pyramid: Pyramid) -> None:
        if chunk.size < SMALLEST:
            return
        if len(self._storing) >= MOST_WAITING:
            self._store(dtype, chunk.hash, pyramid)
            return
        future = _writers().submit(self._store, dtype, chunk.hash, pyramid)
        self._storing.add(future)
        future.add_done_callback(self._storing.discard)

    def _store(self, dtype: str, chunk: str, pyramid: Pyramid) -> None:
        """Store a pyramid, and have the stored one at hand, which may take no memory."""
        try:
            self._records.put_pyramid(chunk, dtype, write(pyramid))
            self._read(dtype, [chunk])
        except Unavailable as error:
            log.warning("a pyramid could not be stored, and is made again when it is needed: %s", error)

    def _keep(self, dtype: str, chunk: str, pyramid: Pyramid) -> None:
        size = pyramid.groups.nbytes + in_memory(pyramid.cells, pyramid.cells.nbytes)
        self._hot.keep(("pyramid", chunk, dtype), pyramid, size)


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITERS, "pyramid")
