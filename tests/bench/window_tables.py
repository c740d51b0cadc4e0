"""Tables for the benchmark of windows, with ascending x, and the windows that are expected of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import Values
from bokeh_data.sources.frozen import FrozenSources
from bokeh_data.storage.column_store import CHUNK_BYTES, ColumnStore
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.viewport import Window, WindowResult, query_window

USER = "local"
CACHE_BYTES = 256 << 20
PIXELS = 1000

#: From so many rows on, y is int16 with all chunks equal, and x is not float64, so that both fit in memory.
HUGE = 1_000_000_000

Array = NDArray[Any]


@dataclass
class WindowTable:
    """Columns on a storage, and their values in memory; if x is None it is the number of the row."""

    folder: Path
    repository: DataRepository
    columns: dict[str, Column]
    x: Array | None
    y: Array

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.y)

    def empty_readers(self) -> ColumnReaders:
        """Return column readers with an empty cache."""
        return ColumnReaders(self.repository, CACHE_BYTES)

    def reopen(self) -> DataRepository:
        """Open the storage again."""
        return _open_repository(self.folder)

    def random_window(self, random: np.random.Generator) -> Window:
        """Return a window at a random zoom and position."""
        span = min(int(10 ** random.uniform(3, np.log10(self.rows))), self.rows - 1)
        first = int(random.integers(0, self.rows - span))
        begin, end = (row if self.x is None else self.x[row].item() for row in (first, first + span))
        return Window(None if self.x is None else "x", ("y",), begin, end, pixels=PIXELS)

    def query_window(self, readers: ColumnReaders, window: Window) -> WindowResult:
        """Query a window as the service does."""
        return query_window(readers, self.columns, window)

    def is_correct(self, result: WindowResult, window: Window) -> bool:
        """Compare a result with a brute-force computation over all rows of the window."""
        bounds = self._bin_bounds(window)
        begin, end = int(bounds[0]), int(bounds[-1])
        if result.kind == "exact":
            return np.array_equal(result.columns["y"].array, self.y[begin:end])
        starts = bounds[:-1][bounds[1:] > bounds[:-1]] - begin
        inside = self.y[begin:end]
        extrema = np.minimum.reduceat(inside, starts), np.maximum.reduceat(inside, starts)
        expected = np.stack(extrema, 1).reshape(-1)
        return result.rows == end - begin and np.array_equal(result.columns["y"].array, expected)

    def _bin_bounds(self, window: Window) -> Array:
        """Return the first row of each pixel bin, and the row after the last bin."""
        low, high = window.begin, window.end
        assert not isinstance(low, (str, type(None)))
        assert not isinstance(high, (str, type(None)))
        if self.x is not None and self.x.dtype.kind == "f":
            edges = np.linspace(low, high, PIXELS + 1)[:-1]
        else:
            edges = np.array([low - int(low - high) * i // PIXELS for i in range(PIXELS)])
        if self.x is None:
            return np.append(edges, high + 1).astype(np.int64)
        starts = np.searchsorted(self.x, edges.astype(self.x.dtype), "left")
        return np.append(starts, np.searchsorted(self.x, np.array(high, self.x.dtype), "right"))


def create_table(folder: Path, rows: int, regular: bool) -> WindowTable:
    """Store a table with a random walk as y."""
    repository = _open_repository(folder)
    store = ColumnStore(repository)
    x, y = _x_values(rows, regular), _y_values(rows)
    columns = {
        "y": _create_repeated(store, y) if rows >= HUGE else store.create(USER, Values(str(y.dtype), y))
    }
    if x is not None:
        columns["x"] = store.create(USER, Values(str(x.dtype), x))
    manifests = {name: _manifest(column) for name, column in columns.items()}
    FrozenSources(repository, AccountColumns(repository)).create(USER, f"{rows} rows", manifests)
    return WindowTable(folder, repository, columns, x, y)


def _open_repository(folder: Path) -> DataRepository:
    storage = f"local://{folder}"
    return DataRepository(open_records(storage, "data"), open_blobs(storage, "data"))


def _x_values(rows: int, regular: bool) -> Array | None:
    random = np.random.default_rng(2)
    if rows >= HUGE:
        return None if regular else np.cumsum(random.integers(0, 8, rows, np.uint8), dtype=np.uint32)
    return np.linspace(0, 1e6, rows) if regular else np.cumsum(random.exponential(1, rows))


def _y_values(rows: int) -> Array:
    random = np.random.default_rng(3)
    if rows >= HUGE:
        chunk = np.cumsum(random.integers(-9, 10, CHUNK_BYTES // 2), dtype=np.int64).astype(np.int16)
        return np.resize(chunk, rows)
    return np.cumsum(random.standard_normal(rows))


def _create_repeated(store: ColumnStore, y: Array) -> Column:
    """Store a column whose chunks are all equal, except for the last."""
    step = CHUNK_BYTES // y.itemsize
    count, rest = divmod(len(y), step)
    first = store.create(USER, Values(str(y.dtype), y[:step]))
    last = store.create(USER, Values(str(y.dtype), y[-rest:])) if rest else None
    return Column(first.dtype, (len(y),), first.chunks * count + (last.chunks if last else ()))


def _manifest(column: Column) -> dict[str, Any]:
    chunks = [{"hash": chunk.hash, "size": chunk.size} for chunk in column.chunks]
    return {"dtype": column.dtype, "shape": list(column.shape), "chunks": chunks}
