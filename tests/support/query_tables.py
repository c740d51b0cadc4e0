"""Tables on the storage of the data service, for tests of queries."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import from_arrow
from bokeh_data.conditions.parser import parse_conditions
from bokeh_data.queries import query, writers
from bokeh_data.queries.query import Query, QueryResult, parse_row_range, run_query
from bokeh_data.storage import column_store
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders

#: float64 has not all integers of this size, so that those with nulls are stored as Arrow.
LARGE = 1 << 60


class QueryTable:
    """A table on a storage, and the same table in Arrow."""

    def __init__(self, repository: DataRepository, **columns: Any) -> None:
        """Store columns of Ada."""
        self.repository = repository
        self.readers = ColumnReaders(repository, 64 << 20)
        self.arrow = pa.table(columns)
        store = ColumnStore(repository)
        self.columns: dict[str, Column] = {
            name: store.create("ada", from_arrow(self.arrow[name].combine_chunks())) for name in columns
        }

    def run(self, *where: str, columns: str = "", rows: str = ":", limit: int | None = None) -> QueryResult:
        """Return the result of a query; `columns` are names with commas between, all by default."""
        names = tuple(columns.split(",")) if columns else tuple(self.columns)
        return run_query(
            self.readers, self.columns, Query(names, parse_row_range(rows), parse_conditions(where), limit)
        )

    def read(self, *where: str, **asked: Any) -> pa.Table:
        """Return the rows of a query."""
        return arrow_of(self.run(*where, **asked))


def arrow_of(result: QueryResult) -> pa.Table:
    """Return rows as they are written in Arrow's format."""
    return pa.ipc.open_stream(b"".join(writers.write_arrow(result).blocks)).read_all()


def create_mixed_table(repository: DataRepository, monkeypatch: pytest.MonkeyPatch) -> QueryTable:
    """Return a table of columns of several types, in several chunks and batches."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr(column_store, "CHUNK_BYTES", 8192)
    monkeypatch.setattr(query, "MAX_BATCH_ROWS", 700)
    n = 5000
    random = np.random.default_rng(0)
    floats = random.normal(size=n)
    floats[random.random(n) < 0.1] = np.nan
    floats[:2] = np.inf, -np.inf
    times = np.datetime64("2024-01-01", "ms") + np.arange(n) * 60_000
    names = [None if i % 7 == 0 else f"{'=+ab'[i % 4]}{i % 13}" for i in range(n)]
    return QueryTable(
        repository,
        i=np.arange(n),
        u=random.integers(0, 255, n, np.uint8),
        f=floats,
        t=times,
        name=pa.array(names),
        kind=pa.array(names).dictionary_encode(),
        maybe=pa.array([None if i % 3 else LARGE + i for i in range(n)]),
        flag=np.arange(n) % 2 == 0,
    )
