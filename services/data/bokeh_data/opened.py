"""Columns of numbers or times, opened for reading here and there: rows, and what pyramids say of them.

Cells are counted through a column; each chunk begins one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from bokeh_data.cells import Rows, distinct, runs_of
from bokeh_data.columns import Chunk, Column
from bokeh_data.hot import Hot
from bokeh_data.index import Index
from bokeh_data.paging import fetch, in_memory
from bokeh_data.pyramid import CELL, Array, build, computing_dtype
from bokeh_data.pyramids import SMALLEST, Pyramids
from bokeh_data.readers import together
from bokeh_data.records import Records

#: Seconds for a part of a mapped array, or for a chunk, from which on it seems to come from the disk, where
#: a page takes 1e-4. In memory a part takes 2e-6.
SLOW = 2e-5


class Opener:
    """Opens columns; what was read lately is at hand.

    Args:
        records: where they are.
        limit: bytes of memory for what is at hand.
    """

    def __init__(self, records: Records, limit: int) -> None:
        self._records = records
        self._hot = Hot(limit)
        self._pyramids = Pyramids(records, self._hot)

    def open(self, column: Column) -> "OpenColumn":
        """Return a column of one dimension and of numbers or times, open."""
        size = 200 * len(column.chunks)
        return self._hot.of(("column", column.hash), lambda: OpenColumn(column, self), lambda _: size)  # type: ignore[no-any-return]  # the cache holds anything

    def view(self, chunk: str) -> memoryview:
        """Return the bytes of a chunk."""
        return self._hot.get(("chunk", chunk)) or self._load(chunk)

    def index(self, column: Column) -> Index:
        """Return the pyramid of a column."""
        return self._hot.of(  # type: ignore[no-any-return]  # as above
            ("index", column.hash), lambda: self._pyramids.index(column), lambda index: index.size
        )

    def arrays(self, column: Column, wanted: list[int]) -> dict[int, Array]:
        """Return the values of chunks, by their number; read together where they are not at hand.

        Those that are neither at hand nor fit into a quarter of the cache are left out.
        """
        kind = computing_dtype(column.dtype)
        found = {i: self._hot.get(("chunk", column.chunks[i].hash)) for i in wanted}
        missing = [i for i, view in found.items() if view is None]
        if self._records.maps or sum(column.chunks[i].size for i in missing) <= self._hot.limit // 4:
            views = self._read(lambda i: self._load_whole(column.chunks[i]), missing)
            found.update(zip(missing, views, strict=True))
        return {i: np.frombuffer(view, kind) for i, view in found.items() if view is not None}

    def parts(self, column: Column, chunks: list[int], cells: list[int]) -> Iterator[Array]:
        """Yield single cells of chunks, all read at the same time."""
        kind = computing_dtype(column.dtype)
        step = CELL * kind.itemsize

        def part(pair: tuple[int, int]) -> Array:
            chunk, start = column.chunks[pair[0]], pair[1] * step
            read = self._records.chunk if chunk.size < SMALLEST else self._records.restored_chunk
            blocks = read(chunk.hash, start, start + step)
            return np.frombuffer(b"".join(blocks), kind)

        return iter(together(part, list(zip(chunks, cells, strict=True))))

    def settle(self) -> None:
        """Wait until all pyramids that were made are stored."""
        self._pyramids.settle()

    def _read(self, work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        """Do what reads; at the same time where that has to wait for somebody, as mapping has not."""
        return [work(item) for item in items] if self._records.maps else together(work, items)

    def _load_whole(self, chunk: Chunk) -> memoryview:
        """Return the bytes of a chunk of which a window reads here and there; others will read it, too."""
        if chunk.size < SMALLEST:
            return self._load(chunk.hash)
        return self._kept(chunk.hash, self._records.restored_chunk_view(chunk.hash))

    def _load(self, chunk: str) -> memoryview:
        return self._kept(chunk, self._records.chunk_view(chunk))

    def _kept(self, chunk: str, view: memoryview) -> memoryview:
        self._hot.keep(("chunk", chunk), view, in_memory(view, len(view)))
        return view


class OpenColumn:
    """A column of `length` rows; what is asked for twice is read once as long as it is at hand."""

    def __init__(self, column: Column, opener: Opener) -> None:
        self.column = column
        self.kind = computing_dtype(column.dtype)
        self.length = column.length
        self._opener = opener
        self._mapped: dict[int, Array] = {}
        self._cold = True
        counts = -(-np.diff(column.starts) // CELL)
        self._bases: Rows = np.concatenate([[0], np.cumsum(counts)])  # cells before each chunk

    @property
    def index(self) -> Index:
        """The pyramid."""
        return self._opener.index(self.column)

    @cached_property
    def nulls(self) -> int:
        """Number of NaN and NaT, without what rolled out."""
        nulls = self.index.nulls
        if nulls and self.column.skip:
            rolled = self._array(0)[: self.column.skip]
            nulls -= build(self.column.dtype, rolled.tobytes()).nulls
        return nulls

    @property
    def cell_count(self) -> int:
        """Number of cells."""
        return int(self._bases[-1])

    def cell_of(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the cells of rows, and where in these they are; `length` is in a cell after the last."""
        chunks = np.searchsorted(self.column.starts, rows, "right") - 1
        offsets = rows - self.column.starts[chunks]
        return self._bases[chunks] + offsets // CELL, offsets % CELL

    def rows_of(self, cells: Rows) -> tuple[Rows, Rows]:
        """Return the row at which each cell begins, negative where it rolled out, and the one after it."""
        chunks, inside = self._chunks_of(cells)
        starts = self.column.starts[chunks] + inside * CELL
        return starts, np.minimum(starts + CELL, self.column.starts[chunks + 1])

    def rows(self, start: int, stop: int) -> Array:
        """Return the values of rows from `start` to before `stop`."""
        begin, end = start + self.column.skip, stop + self.column.skip
        starts = self.column.starts + self.column.skip
        first = int(np.searchsorted(starts, begin, "right")) - 1
        last = int(np.searchsorted(starts, end, "left"))
        if stop <= start:
            return np.empty(0, self.kind)
        pieces = [
            self._array(i)[max(begin - int(starts[i]), 0) : end - int(starts[i])] for i in range(first, last)
        ]
        return np.concatenate(pieces) if len(pieces) != 1 else pieces[0]

    def take(self, rows: Rows) -> Array:
        """Return the values of rows here and there, which ascend."""
        cells, inside = self.cell_of(rows)
        known, which = distinct(cells)
        values, begins = self.cells(known)
        return np.asarray(values[begins[which] + inside])

    def cells(self, cells: Rows) -> tuple[Array, Rows]:
        """Return the rows of cells, which ascend, one after another, and where among them each begins.

        The last number is where the last one ends.
        """
        chunks, inside = self._chunks_of(cells)
        arrays = self._arrays(distinct(chunks)[0].tolist())
        far = np.array([chunk not in arrays for chunk in chunks.tolist()])
        parts = self._opener.parts(self.column, chunks[far].tolist(), inside[far].tolist())
        with self._paced(len(cells)) as cold:
            for chunk, lo, hi in runs_of(chunks) if cold else ():
                if chunk in arrays:
                    fetch(arrays[chunk], inside[lo:hi], CELL * self.kind.itemsize)
            starts = zip(chunks.tolist(), (inside * CELL).tolist(), strict=True)
            pieces = [arrays[i][at : at + CELL] if i in arrays else next(parts) for i, at in starts]
            values = np.concatenate(pieces)
        begins, ends = self.rows_of(cells)
        return values, np.concatenate([[0], np.cumsum(ends - begins)])

    @contextmanager
    def _paced(self, parts: int) -> Iterator[bool]:
        """Tell whether parts may have to come from the disk: at first, and when the last ones took long."""
        start = time.perf_counter()
        yield self._cold
        self._cold = time.perf_counter() - start > parts * SLOW

    def _chunks_of(self, cells: Rows) -> tuple[Rows, Rows]:
        """Return the chunks of cells, and where among their cells these are."""
        chunks = np.searchsorted(self._bases, cells, "right") - 1
        return chunks, cells - self._bases[chunks]

    def _array(self, chunk: int) -> Array:
        found = self._arrays([chunk])
        if chunk not in found:  # larger than a quarter of the cache
            [found[chunk]] = [np.frombuffer(self._opener.view(self.column.chunks[chunk].hash), self.kind)]
        return found[chunk]

    def _arrays(self, wanted: list[int]) -> dict[int, Array]:
        """Return the values of chunks; mapped ones are kept here, as they take no memory."""
        missing = [chunk for chunk in wanted if chunk not in self._mapped]
        found = self._opener.arrays(self.column, missing) if missing else {}
        self._mapped.update({i: array for i, array in found.items() if not in_memory(array, 1)})
        return self._mapped if len(self._mapped) and not found else {**self._mapped, **found}
