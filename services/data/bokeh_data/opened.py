"""Columns of numbers or times, opened for reading here and there: rows, and what pyramids say of them.

Cells are counted through a column in whole groups, so that each chunk begins a group: cell `16 * g + i` is
the i-th of group `g`. A chunk that does not fill its last group leaves numbers unused.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from bokeh_data.cells import Rows, distinct, fill, gather, runs_of
from bokeh_data.columns import Chunk, Column
from bokeh_data.hot import Hot
from bokeh_data.index import Index, index_of
from bokeh_data.paging import fetch, in_memory
from bokeh_data.pyramid import CELL, GROUP, Array, Pyramid, build, computing_dtype
from bokeh_data.pyramids import SMALLEST, Pyramids
from bokeh_data.readers import together
from bokeh_data.records import Records

#: Seconds for a part of a mapped array, or for a chunk, from which on it seems to come from the disk, where
#: a page takes 1e-4. In memory a part takes 1e-6, and a chunk 4e-6.
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

    def index(self, column: Column, pyramids: list[Pyramid]) -> Index:
        """Return what stands above the cells of a column."""
        return self._hot.of(("index", column.hash), lambda: index_of(pyramids), lambda index: index.size)  # type: ignore[no-any-return]  # as above

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

    def pyramids(self, column: Column) -> list[Pyramid]:
        """Return the pyramids of all chunks."""
        return self._pyramids.of(column)

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
        self._cold = {"rows", "cells"}
        self._pyramids: list[Pyramid] | None = None
        counts = -(-np.diff(column.starts) // (CELL * GROUP))
        self._bases: Rows = np.concatenate([[0], np.cumsum(counts)])  # groups before each chunk

    @property
    def index(self) -> Index:
        """What stands above the cells."""
        return self._opener.index(self.column, self.pyramids)

    @property
    def pyramids(self) -> list[Pyramid]:
        """Those of the chunks; kept here where they take next to no memory."""
        if self._pyramids is None:
            found = self._opener.pyramids(self.column)
            if sum(in_memory(pyramid.cells, pyramid.cells.nbytes) for pyramid in found) > SMALLEST:
                return found
            self._pyramids = found
        return self._pyramids

    @cached_property
    def nulls(self) -> int:
        """Number of NaN and NaT, without what rolled out."""
        nulls = sum(pyramid.nulls for pyramid in self.pyramids)
        if nulls and self.column.skip:
            rolled = self._array(0)[: self.column.skip]
            nulls -= build(self.column.dtype, rolled.tobytes()).nulls
        return nulls

    def cell_of(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the cells of rows, and where in these they are; `length` is in a cell after the last."""
        chunks = np.searchsorted(self.column.starts, rows, "right") - 1
        offsets = rows - self.column.starts[chunks]
        return self._bases[chunks] * GROUP + offsets // CELL, offsets % CELL

    def rows_of(self, cells: Rows) -> tuple[Rows, Rows]:
        """Return the row at which each cell begins, negative where it rolled out, and the one after it."""
        groups = cells // GROUP
        chunks, inside = self._chunks_of(groups)
        starts = self.column.starts[chunks] + (cells - (groups - inside) * GROUP) * CELL
        return starts, np.minimum(starts + CELL, self.column.starts[chunks + 1])

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self._bases[-1])

    def rows_of_groups(self, groups: Rows) -> tuple[Rows, Rows]:
        """Return the row at which each group begins, and the one after it."""
        chunks, inside = self._chunks_of(groups)
        starts = self.column.starts[chunks] + inside * GROUP * CELL
        return starts, np.minimum(starts + GROUP * CELL, self.column.starts[chunks + 1])

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
        known, block = distinct(cells)
        return np.asarray(self.blocks(known).reshape(-1)[block * CELL + inside])

    def blocks(self, cells: Rows) -> Array:
        """Return the rows of cells, which ascend; shape (cells, 64), padded with the last value of each."""
        groups = cells // GROUP
        chunks, inside = self._chunks_of(groups)
        local = cells - (groups - inside) * GROUP
        found = np.empty((len(cells), CELL), self.kind)
        runs = list(runs_of(chunks))
        arrays = self._arrays([chunk for chunk, _, _ in runs])
        far: list[int] = []
        near = [run for run in runs if run[0] in arrays]
        with self._paced("rows", len(cells) + len(near)) as cold:
            for chunk, lo, hi in near if cold else ():
                fetch(arrays[chunk], local[lo:hi], CELL * self.kind.itemsize)
            for chunk, lo, hi in near:
                gather(arrays[chunk], local[lo:hi], found[lo:hi])
        for _, lo, hi in (run for run in runs if run[0] not in arrays):
            far += range(lo, hi)
        for at, part in zip(
            far, self._opener.parts(self.column, chunks[far].tolist(), local[far].tolist()), strict=True
        ):
            fill(found[at], part)
        return found

    def groups(self, groups: Rows) -> Array:
        """Return least and greatest of the cells of groups, which ascend; shape (groups, 2, 16)."""
        chunks, inside = self._chunks_of(groups)
        found, pyramids = np.empty((len(groups), 2, GROUP), self.kind), self.pyramids
        runs = list(runs_of(chunks))
        with self._paced("cells", len(groups) + len(runs)) as cold:
            for chunk, lo, hi in runs if cold else ():
                fetch(pyramids[chunk].cells, inside[lo:hi], 2 * GROUP * self.kind.itemsize)
            for chunk, lo, hi in runs:
                pyramids[chunk].cells.take(inside[lo:hi], 0, found[lo:hi], "clip")
        return found

    @contextmanager
    def _paced(self, what: str, parts: int) -> Iterator[bool]:
        """Tell whether parts may have to come from the disk: at first, and when the last ones took long."""
        start = time.perf_counter()
        yield what in self._cold
        slow = time.perf_counter() - start > parts * SLOW
        (self._cold.add if slow else self._cold.discard)(what)

    def _chunks_of(self, groups: Rows) -> tuple[Rows, Rows]:
        chunks = np.searchsorted(self._bases, groups, "right") - 1
        return chunks, groups - self._bases[chunks]

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
