"""Pyramids beside the chunks: small, stored once, and made again when something is wrong with them."""

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokeh_common.storage import open_blobs, open_records
from bokeh_data import columnstore, pyramids
from bokeh_data.opened import Opener
from bokeh_data.records import Records
from bokeh_data.windows import Window, look


def test_pyramids_are_small_and_stored_once(table: Any, records: Records) -> None:
    table.append(x=np.arange(1_000_000.0), y=np.arange(1_000_000.0))
    table.look(Window("x", ("y",)))
    table.opener.settle()
    column = table.columns["y"]
    stored = [records.pyramid(chunk.hash, "float64") for chunk in column.chunks]
    assert sum(len(data) for data in stored if data) <= 0.04 * column.size
    assert all(stored)
    table.append(x=np.array([1e6]), y=np.array([5.0]))
    table.look(Window("x", ("y",)))
    table.opener.settle()
    assert records.pyramid(table.columns["y"].chunks[-1].hash, "float64") is None  # a short tail has none


def test_a_damaged_pyramid_is_made_again(table: Any, records: Records) -> None:
    table.append(y=np.arange(100_000.0))
    for damaged in (b"", b"x" * 100, bytes(40)):
        records.put_pyramid(table.columns["y"].chunks[0].hash, "float64", damaged)
        fresh = Opener(records, 64 << 20)
        seen = look(fresh, {"y": table.columns["y"]}, Window(None, ("y",), pixels=10))
        assert seen.columns["y"].array.max() == 99_999
        fresh.settle()


def test_a_window_needs_no_disk_that_takes_its_pyramid(tables: Any, tmp_path: Path) -> None:
    storage = f"local://{tmp_path}"
    table = tables(Records(open_records(storage, "data"), open_blobs(storage, "data")))
    table.append(y=np.arange(1_000_000.0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))  # bytes; a pyramid has more
    try:
        seen = table.look(Window(None, ("y",), pixels=10))
        table.opener.settle()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert seen.columns["y"].array.max() == 999_999
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "pyramids" in path.parts] == []


@pytest.fixture
def long(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A table of a column whose index is stored."""
    monkeypatch.setattr(columnstore, "CHUNK_BYTES", 8 << 10)
    monkeypatch.setattr(columnstore, "SMALL_BYTES", 1 << 10)
    monkeypatch.setattr(pyramids, "SMALLEST", 0)
    table.append(y=np.random.default_rng(6).normal(size=(pyramids.MANY + 10) << 10))
    table.append(y=np.array([7.0]))
    return table


def test_the_index_of_a_long_column_is_read_at_once(long: Any, records: Records) -> None:
    window = Window(None, ("y",), 10, 60_000, pixels=10)
    expected = long.look(window).columns["y"].array
    long.opener.settle()
    for chunk in long.columns["y"].chunks:
        records.put_pyramid(chunk.hash, "float64", b"not to be read")
    fresh = Opener(records, 64 << 20)
    np.testing.assert_array_equal(look(fresh, long.columns, window).columns["y"].array, expected)
    fresh.settle()
    assert {bytes(records.pyramid(c.hash, "float64") or b"") for c in long.columns["y"].chunks} == {
        b"not to be read"
    }


def test_a_column_that_grows_does_not_store_its_index_again(long: Any, records: Records) -> None:
    long.look(Window(None, ("y",), pixels=10))
    long.append(y=np.array([50.0]))
    seen = long.look(Window(None, ("y",), pixels=10))
    long.opener.settle()
    assert seen.columns["y"].array.max() == 50
    assert records.index(long.columns["y"].hash) is None


@pytest.mark.parametrize("damaged", [b"", b"x" * 100, bytes(40), np.array([1, 1 << 40, 0, 1]).tobytes()])
def test_a_damaged_index_is_made_again(long: Any, records: Records, damaged: bytes) -> None:
    column = long.columns["y"]
    records.put_index(column.hash, [damaged])
    assert long.look(Window(None, ("y",), pixels=10)).columns["y"].array.max() == 7
    long.opener.settle()
    assert len(records.index(column.hash) or b"") > 1000


def test_a_cache_that_holds_next_to_nothing(table: Any, records: Records) -> None:
    random = np.random.default_rng(5)
    table.append(x=np.cumsum(random.random(600_000)), y=random.normal(size=600_000))
    window = Window("x", ("y",), None, None, 200)
    small = look(Opener(records, 1), {"x": table.columns["x"], "y": table.columns["y"]}, window)
    np.testing.assert_array_equal(small.columns["y"].array, table.look(window).columns["y"].array)
