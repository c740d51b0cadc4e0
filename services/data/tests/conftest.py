"""Fixtures of the data service's tests."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns import Column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.live import LiveSources
from bokeh_data.opened import Opener
from bokeh_data.records import Records
from bokeh_data.sources import Sources
from bokeh_data.values import Values
from bokeh_data.versions import Versions
from bokeh_data.windows import Seen, Window, look

Array = NDArray[Any]


class NoPlots:
    """Stands for the plots service of an account whose plots show these columns."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def shown_columns(self, user: str, source_id: str) -> set[str]:
        return self.shown


class Table:
    """Columns of one account on a storage."""

    def __init__(self, records: Records) -> None:
        self.store = ColumnStore(records)
        self.opener = Opener(records, 64 << 20)
        self.columns: dict[str, Column] = {}
        self.values: dict[str, Array] = {}

    def append(self, rollover: int | None = None, **values: Array) -> None:
        for name, array in values.items():
            added = Values(str(array.dtype), array)
            if name in self.columns:
                self.columns[name] = self.store.append("ada", self.columns[name], added, rollover)
                self.values[name] = np.concatenate([self.values[name], array])[-(rollover or 1 << 60) :]
            else:
                self.columns[name] = self.store.make("ada", added)
                self.values[name] = array

    def look(self, window: Window) -> Seen:
        return look(self.opener, {name: self.columns[name] for name in (window.x, *window.y) if name}, window)


@pytest.fixture
def records(storage: str) -> Records:
    return Records(open_records(storage, "data"), open_blobs(storage, "data"))


@pytest.fixture
def sources(records: Records) -> Sources:
    return Sources(records)


@pytest.fixture
def plots() -> NoPlots:
    return NoPlots()


@pytest.fixture
def versions(records: Records, plots: Any) -> Versions:
    return Versions(records, plots)


@pytest.fixture
def live(records: Records, sources: Sources, versions: Versions) -> LiveSources:
    return LiveSources(records, sources, versions)


@pytest.fixture(scope="session")
def tables() -> type[Table]:
    return Table


@pytest.fixture
def table(records: Records) -> Table:
    return Table(records)
