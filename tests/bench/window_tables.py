"""Tables for the benchmark of windows: x ascends, regularly or not; and what windows of them must show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns import Column
from bokeh_data.columnstore import CHUNK_BYTES, ColumnStore
from bokeh_data.opened import Opener
from bokeh_data.records import Records
from bokeh_data.sources import Sources
from bokeh_data.values import Values
from bokeh_data.windows import Seen, Window, look

USER = "local"
HOT_BYTES = 256 << 20
PIXELS = 1000

#: From so many rows on, y is int16 and one chunk again and again; an x of float64 would be too large, too.
HUGE = 1_000_000_000

Array = NDArray[Any]


@dataclass
class Table:
    """Columns on a storage, and their values in memory; x is the number of the row where it is None."""

    folder: Path
    records: Records
    columns: dict[str, Column]
    x: Array | None
    y: Array

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.y)

    def opener(self) -> Opener:
        """Return one that has nothing at hand."""
        return Opener(self.records, HOT_BYTES)

    def fresh(self) -> Records:
        """Return the storage, opened anew."""
        return _records(self.folder)

    def window(self, random: np.random.Generator) -> Window:
        """Return a window of any zoom, anywhere."""
        span = min(int(10 ** random.uniform(3, np.log10(self.rows))), self.rows - 1)
        first = int(random.integers(0, self.rows - span))
        begin, end = (row if self.x is None else self.x[row].item() for row in (first, first + span))
        return Window(None if self.x is None else "x", ("y",), begin, end, pixels=PIXELS)

    def look(self, opener: Opener, window: Window) -> Seen:
        """Ask for a window as the service does."""
        return look(opener, self.columns, window)

    def is_right(self, seen: Seen, window: Window) -> bool:
        """Compare with brute force over all rows of a window."""
        bounds = self._bounds(window)
        begin, end = int(bounds[0]), int(bounds[-1])
        if seen.kind == "exact":
            return np.array_equal(seen.columns["y"].array, self.y[begin:end])
        starts = bounds[:-1][bounds[1:] > bounds[:-1]] - begin
        inside = self.y[begin:end]
        both = np.minimum.reduceat(inside, starts), np.maximum.reduceat(inside, starts)
        drawn = np.stack(both, 1).reshape(-1)
        return seen.rows == end - begin and np.array_equal(seen.columns["y"].array, drawn)

    def _bounds(self, window: Window) -> Array:
        """Return the rows at which columns of pixels begin, and the one before which the last ends."""
        low, high = window.begin, window.end
        assert not isinstance(low, (str, type(None)))
        assert not isinstance(high, (str, type(None)))
        if self.x is not None and self.x.dtype.kind == "f":
            edges = np.linspace(low, high, PIXELS + 1)[:-1]
        else:
            edges = np.array([low - int(low - high) * i // PIXELS for i in range(PIXELS)])
        if self.x is None:
            return np.append(edges, high + 1).astype(np.int64)
        begins = np.searchsorted(self.x, edges.astype(self.x.dtype), "left")
        return np.append(begins, np.searchsorted(self.x, np.array(high, self.x.dtype), "right"))


def make(folder: Path, rows: int, regular: bool) -> Table:
    """Store a table of random walks."""
    records = _records(folder)
    store = ColumnStore(records)
    x, y = _xs(rows, regular), _ys(rows)
    columns = {"y": _repeated(store, y) if rows >= HUGE else store.make(USER, Values(str(y.dtype), y))}
    if x is not None:
        columns["x"] = store.make(USER, Values(str(x.dtype), x))
    specs = {name: _spec(column) for name, column in columns.items()}
    Sources(records).create(USER, f"{rows} rows", specs)
    return Table(folder, records, columns, x, y)


def _records(folder: Path) -> Records:
    storage = f"local://{folder}"
    return Records(open_records(storage, "data"), open_blobs(storage, "data"))


def _xs(rows: int, regular: bool) -> Array | None:
    random = np.random.default_rng(2)
    if rows >= HUGE:
        return None if regular else np.cumsum(random.integers(0, 8, rows, np.uint8), dtype=np.uint32)
    return np.linspace(0, 1e6, rows) if regular else np.cumsum(random.exponential(1, rows))


def _ys(rows: int) -> Array:
    random = np.random.default_rng(3)
    if rows >= HUGE:
        chunk = np.cumsum(random.integers(-9, 10, CHUNK_BYTES // 2), dtype=np.int64).astype(np.int16)
        return np.resize(chunk, rows)
    return np.cumsum(random.standard_normal(rows))


def _repeated(store: ColumnStore, y: Array) -> Column:
    """Store a column whose chunks are all the same but the last."""
    step = CHUNK_BYTES // y.itemsize
    whole, rest = divmod(len(y), step)
    first = store.make(USER, Values(str(y.dtype), y[:step]))
    last = store.make(USER, Values(str(y.dtype), y[-rest:])) if rest else None
    return Column(first.dtype, (len(y),), first.chunks * whole + (last.chunks if last else ()))


def _spec(column: Column) -> dict[str, Any]:
    chunks = [{"hash": chunk.hash, "size": chunk.size} for chunk in column.chunks]
    return {"dtype": column.dtype, "shape": list(column.shape), "chunks": chunks}
