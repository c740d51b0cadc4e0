"""Fixtures of the data service's tests."""

from typing import Any

import pytest

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.live import LiveSources
from bokeh_data.records import Records
from bokeh_data.sources import Sources
from bokeh_data.versions import Versions


class NoPlots:
    """Stands for the plots service of an account whose plots show these columns."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def shown_columns(self, user: str, source_id: str) -> set[str]:
        return self.shown


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
