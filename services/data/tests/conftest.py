"""Fixtures of the data service's tests."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_common.errors import Unavailable
from bokeh_common.storage import open_blobs, open_records
from bokeh_data.accounts.chunks import AccountChunks
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import Values
from bokeh_data.ingest.ingest import FileIngest, IngestLimits
from bokeh_data.queries import query
from bokeh_data.sources.catalog import SourceCatalog
from bokeh_data.sources.frozen import FrozenSources
from bokeh_data.sources.live import LiveSources
from bokeh_data.sources.versions import SourceHistory
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.viewport import Window, WindowResult, query_window

from .untrusted_files import MAX_COLUMN_BYTES, MEMORY

Array = NDArray[Any]

CACHE_BYTES = 64 << 20

MAX_SECONDS = 60


@dataclass
class FakePlotsClient:
    """Stands for the client of the plots service; plots show the columns `shown`, None in an outage."""

    shown: set[str] | None = field(default_factory=set)

    async def shown_columns(self, user: str, source_id: str) -> set[str]:
        if self.shown is None:
            raise Unavailable("the plots service does not respond")
        return self.shown


class ColumnTable:
    """Columns of one account on a storage, and the arrays of their values."""

    def __init__(self, repository: DataRepository) -> None:
        self.store = ColumnStore(repository)
        self.readers = ColumnReaders(repository, CACHE_BYTES)
        self.columns: dict[str, Column] = {}
        self.arrays: dict[str, Array] = {}

    def append(self, rollover: int | None = None, **arrays: Array) -> None:
        for name, array in arrays.items():
            values = Values(str(array.dtype), array)
            if name in self.columns:
                self.columns[name] = self.store.append("ada", self.columns[name], values, rollover)
                self.arrays[name] = np.concatenate([self.arrays[name], array])[-(rollover or 1 << 60) :]
            else:
                self.columns[name] = self.store.create("ada", values)
                self.arrays[name] = array

    def query(self, window: Window) -> WindowResult:
        names = [name for name in (window.x, *window.y) if name]
        return query_window(self.readers, {name: self.columns[name] for name in names}, window)


class DataDomain:
    """The domain objects of data sources on a storage."""

    def __init__(self, url: str) -> None:
        self.repository = DataRepository(open_records(url, "data"), open_blobs(url, "data"))
        self.plots = FakePlotsClient()
        self.chunks = AccountChunks(self.repository)
        self.columns = AccountColumns(self.repository)
        self.catalog = SourceCatalog(self.repository)
        self.frozen = FrozenSources(self.repository, self.columns)
        self.history = SourceHistory(self.repository, self.plots)  # type: ignore[arg-type]  # a stand-in
        self.live = LiveSources(self.repository, self.columns, self.history)


@pytest.fixture
def domain(storage: str) -> DataDomain:
    return DataDomain(storage)


@pytest.fixture
def repository(domain: DataDomain) -> DataRepository:
    return domain.repository


@pytest.fixture
def live(domain: DataDomain) -> LiveSources:
    return domain.live


@pytest.fixture(scope="session")
def domains() -> type[DataDomain]:
    return DataDomain


@pytest.fixture(scope="session")
def tables() -> type[ColumnTable]:
    return ColumnTable


@pytest.fixture
def table(repository: DataRepository) -> ColumnTable:
    return ColumnTable(repository)


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of the batches that queries read, to which each batch is added."""
    sizes: list[int] = []
    read_batch = query._read

    def count(readers: Any, columns: Any, rows: range) -> Any:
        sizes.append(len(rows))
        return read_batch(readers, columns, rows)

    monkeypatch.setattr(query, "_read", count)
    return sizes


@pytest.fixture
def ingest(repository: DataRepository) -> FileIngest:
    return FileIngest(repository, IngestLimits(MEMORY, MAX_COLUMN_BYTES))


@pytest.fixture
def only_garbage_is_stored(repository: DataRepository) -> Iterator[None]:
    """Assert that a test ends in time, and leaves only objects that can be collected."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < MAX_SECONDS
    stored = {blob.key for blob in repository._blobs.list("chunks/")}
    assert stored == {f"chunks/{chunk}" for chunk in repository.uploads("ada", "", 10_000)}
    assert not repository._blobs.list("columns/")
