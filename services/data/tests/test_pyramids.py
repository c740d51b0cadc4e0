"""Stored pyramids: they are small, stored once, and built again if they are missing or damaged."""

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.storage import column_store
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows import chunk_pyramid, pyramid_store
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.viewport import Window, query_window


def test_pyramids_are_small_and_stored_once(table: Any, repository: DataRepository) -> None:
    table.append(x=np.arange(1_000_000.0), y=np.arange(1_000_000.0))
    table.query(Window("x", ("y",)))
    table.readers.flush()
    column = table.columns["y"]
    stored = [repository.find_chunk_pyramid(chunk.hash, "float64") for chunk in column.chunks]
    assert sum(len(data) for data in stored if data) <= 0.04 * column.size
    assert all(stored)
    table.append(x=np.array([1e6]), y=np.array([5.0]))
    table.query(Window("x", ("y",)))
    table.readers.flush()
    assert (
        repository.find_chunk_pyramid(table.columns["y"].chunks[-1].hash, "float64") is None
    )  # small chunks have none


def test_a_chunk_pyramid_of_the_previous_format_is_built_again(
    table: Any, repository: DataRepository
) -> None:
    """It had no offsets."""
    values = np.random.default_rng(3).normal(size=100_000)
    table.append(y=values)
    starts = np.arange(0, len(values), chunk_pyramid.BLOCK_ROWS)
    header = np.array([2, len(values), 0, 0]).tobytes()
    old = (
        header + np.minimum.reduceat(values, starts).tobytes() + np.maximum.reduceat(values, starts).tobytes()
    )
    repository.put_chunk_pyramid(table.columns["y"].chunks[0].hash, "float64", old)
    found = table.query(Window(None, ("y",), pixels=10))
    rows = found.columns["row"].array
    np.testing.assert_array_equal(found.columns["y"].array, values[rows])
    assert {values.argmin(), values.argmax()} <= set(rows.tolist())
    table.readers.flush()
    stored = repository.find_chunk_pyramid(table.columns["y"].chunks[0].hash, "float64")
    assert stored is not None
    assert len(stored) > len(old)


def test_a_damaged_chunk_pyramid_is_built_again(table: Any, repository: DataRepository) -> None:
    table.append(y=np.arange(100_000.0))
    for damaged in (b"", b"x" * 100, bytes(40)):
        repository.put_chunk_pyramid(table.columns["y"].chunks[0].hash, "float64", damaged)
        readers = ColumnReaders(repository, 64 << 20)
        found = query_window(readers, {"y": table.columns["y"]}, Window(None, ("y",), pixels=10))
        assert found.columns["y"].array.max() == 99_999
        readers.flush()


def test_a_window_is_read_if_the_disk_is_full(tables: Any, tmp_path: Path) -> None:
    storage = f"local://{tmp_path}"
    table = tables(DataRepository(open_records(storage, "data"), open_blobs(storage, "data")))
    table.append(y=np.arange(1_000_000.0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))  # bytes; fewer than a pyramid has
    try:
        found = table.query(Window(None, ("y",), pixels=10))
        table.readers.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found.columns["y"].array.max() == 999_999
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "pyramids" in path.parts] == []


@pytest.fixture
def long_table(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a table with a column whose pyramid is stored as a whole."""
    monkeypatch.setattr(column_store, "CHUNK_BYTES", 8 << 10)
    monkeypatch.setattr(column_store, "SMALL_CHUNK_BYTES", 1 << 10)
    monkeypatch.setattr(pyramid_store, "MIN_CHUNK_BYTES", 0)
    table.append(y=np.random.default_rng(6).normal(size=(pyramid_store.MIN_STORED_CHUNKS + 10) << 10))
    table.append(y=np.array([7.0]))
    return table


def test_the_pyramid_of_a_long_column_is_read_as_a_whole(long_table: Any, repository: DataRepository) -> None:
    window = Window(None, ("y",), 10, 60_000, pixels=10)
    expected = long_table.query(window).columns["y"].array
    long_table.readers.flush()
    for chunk in long_table.columns["y"].chunks:
        repository.put_chunk_pyramid(chunk.hash, "float64", b"not to be read")
    readers = ColumnReaders(repository, 64 << 20)
    np.testing.assert_array_equal(
        query_window(readers, long_table.columns, window).columns["y"].array, expected
    )
    readers.flush()
    assert {
        bytes(repository.find_chunk_pyramid(c.hash, "float64") or b"") for c in long_table.columns["y"].chunks
    } == {b"not to be read"}


def test_the_pyramid_of_a_growing_column_is_not_stored_again(
    long_table: Any, repository: DataRepository
) -> None:
    long_table.query(Window(None, ("y",), pixels=10))
    long_table.append(y=np.array([50.0]))
    found = long_table.query(Window(None, ("y",), pixels=10))
    long_table.readers.flush()
    assert found.columns["y"].array.max() == 50
    assert repository.find_column_pyramid(long_table.columns["y"].hash) is None


@pytest.mark.parametrize("damaged", [b"", b"x" * 100, bytes(40), np.array([1, 1 << 40, 0, 1]).tobytes()])
def test_a_damaged_column_pyramid_is_built_again(
    long_table: Any, repository: DataRepository, damaged: bytes
) -> None:
    column = long_table.columns["y"]
    repository.put_column_pyramid(column.hash, [damaged])
    assert long_table.query(Window(None, ("y",), pixels=10)).columns["y"].array.max() == 7
    long_table.readers.flush()
    assert len(repository.find_column_pyramid(column.hash) or b"") > 1000


def test_a_very_small_cache(table: Any, repository: DataRepository) -> None:
    random = np.random.default_rng(5)
    table.append(x=np.cumsum(random.random(600_000)), y=random.normal(size=600_000))
    window = Window("x", ("y",), None, None, 200)
    small = query_window(
        ColumnReaders(repository, 1), {"x": table.columns["x"], "y": table.columns["y"]}, window
    )
    np.testing.assert_array_equal(small.columns["y"].array, table.query(window).columns["y"].array)
