"""Random access to columns of numbers or times: rows, blocks, and the column's pyramid.

Blocks are numbered throughout a column; each chunk begins a new block.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from bokeh_data.columns.dtypes import is_time
from bokeh_data.columns.manifest import Chunk, Column
from bokeh_data.columns.statistics import NAT
from bokeh_data.storage.repository import DataRepository
from bokeh_data.storage.thread_pools import map_parallel
from bokeh_data.windows.cache import Cache
from bokeh_data.windows.chunk_pyramid import BLOCK_ROWS, Array, build_chunk_pyramid, computing_dtype
from bokeh_data.windows.column_pyramid import ColumnPyramid
from bokeh_data.windows.prefetch import bytes_in_memory, prefetch
from bokeh_data.windows.pyramid_store import MIN_CHUNK_BYTES, PyramidStore
from bokeh_data.windows.sorted_indices import Indices, runs, unique

#: Seconds for a block of a mapped array above which it is taken to come from a disk, where a page takes 1e-4.
#: In memory, a block takes 2e-6.
DISK_READ_SECONDS = 2e-5

#: What a reader counts in the cache for each chunk of its column.
READER_BYTES_PER_CHUNK = 200


class ColumnReaders:
    """Opens columns for reading, and caches what was read recently.

    Args:
        repository: where columns are stored.
        limit: bytes of memory for the cache.
    """

    def __init__(self, repository: DataRepository, limit: int) -> None:
        self._repository = repository
        self._cache = Cache(limit)
        self._pyramids = PyramidStore(repository, self._cache)

    def open(self, column: Column) -> "ColumnReader":
        """Return a reader of a column, which must have one dimension and hold numbers or times."""
        key, size = ("column", column.hash), READER_BYTES_PER_CHUNK * len(column.chunks)
        return self._cache.get_or_create(key, lambda: ColumnReader(column, self), lambda _: size)  # type: ignore[no-any-return]  # the cache holds anything

    def view_chunk(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk."""
        return self._cache.get(("chunk", chunk)) or self._load(chunk)

    def column_pyramid(self, column: Column) -> ColumnPyramid:
        """Return the pyramid of a column."""
        return self._cache.get_or_create(  # type: ignore[no-any-return]  # as above
            ("column pyramid", column.hash),
            lambda: self._pyramids.column_pyramid(column),
            lambda pyramid: pyramid.size,
        )

    def chunk_arrays(self, column: Column, numbers: list[int]) -> dict[int, Array]:
        """Return the values of a column's chunks by their numbers; uncached ones are read in parallel.

        If the uncached ones neither are mapped nor fit into a quarter of the cache, they are left out.
        """
        kind = computing_dtype(column.dtype)
        found = {i: self._cache.get(("chunk", column.chunks[i].hash)) for i in numbers}
        uncached = [i for i, view in found.items() if view is None]
        if self._repository.maps or sum(column.chunks[i].size for i in uncached) <= self._cache.limit // 4:
            views = self._map(lambda i: self._load_restored(column.chunks[i]), uncached)
            found.update(zip(uncached, views, strict=True))
        return {i: np.frombuffer(view, kind) for i, view in found.items() if view is not None}

    def read_blocks(self, column: Column, chunks: list[int], blocks: list[int]) -> Iterator[Array]:
        """Yield single blocks, by the number of their chunk and their number in it; read in parallel."""
        kind = computing_dtype(column.dtype)
        step = BLOCK_ROWS * kind.itemsize

        def read_block(pair: tuple[int, int]) -> Array:
            chunk, start = column.chunks[pair[0]], pair[1] * step
            is_small = chunk.size < MIN_CHUNK_BYTES
            read = self._repository.read_chunk if is_small else self._repository.read_restored_chunk
            return np.frombuffer(b"".join(read(chunk.hash, start, start + step)), kind)

        return iter(map_parallel(read_block, list(zip(chunks, blocks, strict=True))))

    def flush(self) -> None:
        """Wait until all pyramids that were built are stored."""
        self._pyramids.flush()

    def _map(self, read: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        """Call `read` for each item; in parallel unless files are mapped, which does not wait."""
        return [read(item) for item in items] if self._repository.maps else map_parallel(read, items)

    def _load_restored(self, chunk: Chunk) -> memoryview:
        """Return the bytes of a chunk for random access: a large one is kept raw from now on."""
        if chunk.size < MIN_CHUNK_BYTES:
            return self._load(chunk.hash)
        return self._put_in_cache(chunk.hash, self._repository.view_restored_chunk(chunk.hash))

    def _load(self, chunk: str) -> memoryview:
        return self._put_in_cache(chunk, self._repository.view_chunk(chunk))

    def _put_in_cache(self, chunk: str, view: memoryview) -> memoryview:
        self._cache.put(("chunk", chunk), view, bytes_in_memory(view, len(view)))
        return view


class ColumnReader:
    """Reads one column."""

    def __init__(self, column: Column, readers: ColumnReaders) -> None:
        self.column = column
        self.kind = computing_dtype(column.dtype)
        self.length = column.length
        self._readers = readers
        self._mapped: dict[int, Array] = {}
        self._may_be_on_disk = True
        counts = -(-np.diff(column.starts) // BLOCK_ROWS)
        self._first_blocks: Indices = np.concatenate([[0], np.cumsum(counts)])  # of each chunk

    @property
    def pyramid(self) -> ColumnPyramid:
        """The column's pyramid."""
        return self._readers.column_pyramid(self.column)

    @cached_property
    def nulls(self) -> int:
        """Number of NaN and NaT, without rows that were dropped by the rollover."""
        nulls = self.pyramid.nulls
        if nulls and self.column.skip:
            dropped = self._array(0)[: self.column.skip]
            nulls -= build_chunk_pyramid(self.column.dtype, dropped.tobytes()).nulls
        return nulls

    @property
    def block_count(self) -> int:
        """Number of blocks."""
        return int(self._first_blocks[-1])

    def block_of(self, rows: Indices) -> tuple[Indices, Indices]:
        """Return the blocks of rows, and the rows' offsets in them.

        Row `length` may be in a block after the last.
        """
        chunks = np.searchsorted(self.column.starts, rows, "right") - 1
        offsets = rows - self.column.starts[chunks]
        return self._first_blocks[chunks] + offsets // BLOCK_ROWS, offsets % BLOCK_ROWS

    def rows_of(self, blocks: Indices) -> tuple[Indices, Indices]:
        """Return the row at which each block begins (negative if dropped by the rollover) and ends."""
        chunks, numbers = self._chunks_of(blocks)
        starts = self.column.starts[chunks] + numbers * BLOCK_ROWS
        return starts, np.minimum(starts + BLOCK_ROWS, self.column.starts[chunks + 1])

    def is_null(self, values: Array) -> Any:
        """Tell which values of the column are null: NaN or NaT."""
        if self.kind.kind == "f":
            return np.isnan(values)
        return values == NAT if is_time(self.column.dtype) else np.zeros(len(values), bool)

    def rows(self, start: int, stop: int) -> Array:
        """Return the values of rows `start <= row < stop`."""
        begin, end = start + self.column.skip, stop + self.column.skip
        starts = self.column.starts + self.column.skip
        first = int(np.searchsorted(starts, begin, "right")) - 1
        last = int(np.searchsorted(starts, end, "left"))
        if stop <= start:
            return np.empty(0, self.kind)
        parts = [
            self._array(i)[max(begin - int(starts[i]), 0) : end - int(starts[i])] for i in range(first, last)
        ]
        return np.concatenate(parts) if len(parts) != 1 else parts[0]

    def take(self, rows: Indices) -> Array:
        """Return the values of single rows, whose numbers ascend."""
        chunks = np.searchsorted(self.column.starts, rows, "right") - 1
        arrays = self._arrays(unique(chunks)[0].tolist())
        if not all(chunk in arrays for chunk, _, _ in runs(chunks)):
            return self._take_from_blocks(rows)
        offsets = rows - self.column.starts[chunks]
        with self._detect_disk_reads(len(rows)) as may_be_on_disk:
            for chunk, start, stop in runs(chunks) if may_be_on_disk else ():
                prefetch(arrays[chunk], offsets[start:stop] // BLOCK_ROWS, BLOCK_ROWS * self.kind.itemsize)
            parts = [arrays[chunk][offsets[start:stop]] for chunk, start, stop in runs(chunks)]
        return np.concatenate(parts) if parts else np.empty(0, self.kind)

    def _take_from_blocks(self, rows: Indices) -> Array:
        blocks, offsets = self.block_of(rows)
        distinct, positions = unique(blocks)
        values, begins = self.blocks(distinct)
        return np.asarray(values[begins[positions] + offsets])

    def blocks(self, blocks: Indices) -> tuple[Array, Indices]:
        """Return the rows of ascending blocks, one after another, and where among them each block begins.

        The last number is where the last block ends.
        """
        chunks, numbers = self._chunks_of(blocks)
        arrays = self._arrays(unique(chunks)[0].tolist())
        absent = np.array([chunk not in arrays for chunk in chunks.tolist()])
        single = self._readers.read_blocks(self.column, chunks[absent].tolist(), numbers[absent].tolist())
        with self._detect_disk_reads(len(blocks)) as may_be_on_disk:
            for chunk, start, stop in runs(chunks) if may_be_on_disk else ():
                if chunk in arrays:
                    prefetch(arrays[chunk], numbers[start:stop], BLOCK_ROWS * self.kind.itemsize)
            starts = zip(chunks.tolist(), (numbers * BLOCK_ROWS).tolist(), strict=True)
            parts = [arrays[i][at : at + BLOCK_ROWS] if i in arrays else next(single) for i, at in starts]
            values = np.concatenate(parts)
        begins, ends = self.rows_of(blocks)
        return values, np.concatenate([[0], np.cumsum(ends - begins)])

    @contextmanager
    def _detect_disk_reads(self, blocks: int) -> Iterator[bool]:
        """Yield whether blocks may have to be read from a disk: at first, and if the last ones were slow."""
        start = time.perf_counter()
        yield self._may_be_on_disk
        self._may_be_on_disk = time.perf_counter() - start > blocks * DISK_READ_SECONDS

    def _chunks_of(self, blocks: Indices) -> tuple[Indices, Indices]:
        """Return the chunks of blocks, and the blocks' numbers in them."""
        chunks = np.searchsorted(self._first_blocks, blocks, "right") - 1
        return chunks, blocks - self._first_blocks[chunks]

    def _array(self, chunk: int) -> Array:
        found = self._arrays([chunk])
        if chunk not in found:  # larger than a quarter of the cache
            view = self._readers.view_chunk(self.column.chunks[chunk].hash)
            found[chunk] = np.frombuffer(view, self.kind)
        return found[chunk]

    def _arrays(self, numbers: list[int]) -> dict[int, Array]:
        """Return the values of chunks; those that are mapped are kept here, since they take no memory."""
        unknown = [chunk for chunk in numbers if chunk not in self._mapped]
        found = self._readers.chunk_arrays(self.column, unknown) if unknown else {}
        self._mapped.update({i: array for i, array in found.items() if not bytes_in_memory(array, 1)})
        return self._mapped if len(self._mapped) and not found else {**self._mapped, **found}
