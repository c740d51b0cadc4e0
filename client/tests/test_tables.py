"""Columns of frames, tables and datasets, and the arguments of `DataSource`."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr
from bokeh.models import ColumnDataSource

from bokeh_cloud.data.source_arguments import read_arguments
from bokeh_cloud.data.tables import columns_of, require_equal_lengths, rows_of
from bokeh_cloud.errors import CloudError

DAYS = pd.date_range("2026", periods=2, name="day")
LEVELS = pd.MultiIndex.from_product([["a"], ["x", "y"]], names=["first", "second"])
VALUES: dict[str, Any] = {"y": [1, 2], "text": ["a", "b"]}
STRUCTURED = np.array([(1, "a"), (2, "b")], [("y", "i8"), ("text", "U1")])
DATASET = xr.Dataset({"y": ("day", [1, 2])}, {"day": DAYS, "station": "north"})


def plain(columns: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: pd.Series(values).tolist() for name, values in columns.items()}


@pytest.mark.parametrize(
    "table",
    [VALUES, pl.DataFrame(VALUES), pa.table(VALUES), STRUCTURED, ColumnDataSource(VALUES)],
    ids=lambda table: type(table).__name__,
)
def test_each_kind_of_table_has_columns(table: Any) -> None:
    assert plain(columns_of(table)) == VALUES
    assert read_arguments(["n", table], {})[0] == "n"
    assert plain(read_arguments([table], {})[1]) == plain(read_arguments([], {"frame": table})[1]) == VALUES


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(VALUES),
        pd.DataFrame(VALUES, index=DAYS),
        pd.DataFrame(VALUES, index=LEVELS),
        pd.DataFrame({"index": [1, 2]}),
        pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
        pd.DataFrame({"k": [1, 1, 2], "y": [1, 2, 3]}).groupby("k").sum(),
    ],
    ids=range(6),
)
def test_a_frame_has_the_columns_that_bokeh_gives_it(frame: pd.DataFrame) -> None:
    expected: Any = ColumnDataSource(frame).data
    assert list(columns_of(frame)) == list(expected)
    assert plain(columns_of(frame)) == plain(expected)


def test_a_time_zone_of_an_index_is_kept() -> None:
    frame = pd.DataFrame(VALUES, index=DAYS.tz_localize("Europe/Zurich"))
    assert columns_of(frame)["day"].tz is not None


def test_a_dataset_becomes_a_long_frame() -> None:
    found = plain(columns_of(DATASET))
    assert found == {"day": list(DAYS), "y": [1, 2], "station": ["north", "north"]}


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=[1, "1"]),
        pd.DataFrame({"day": [1, 2]}, index=DAYS),
        pa.Table.from_arrays([pa.array([1]), pa.array([1])], ["a", "a"]),
        {1: [1], "1": [1]},
    ],
)
def test_two_columns_of_one_name_are_refused(table: Any) -> None:
    with pytest.raises(CloudError, match=r"two columns named '.*' \(.* and .*\)"):
        columns_of(table)


def test_rows_to_append() -> None:
    frame = pd.DataFrame(VALUES)
    assert list(rows_of(frame, ["y", "text"])) == ["y", "text"]
    assert list(rows_of(frame, ["index", "y", "text"])) == ["index", "y", "text"]
    assert list(rows_of(frame.set_index(DAYS), ["y", "text"])) == ["day", "y", "text"]
    assert plain(rows_of(frame.iloc[0], [])) == {"y": [1], "text": ["a"]}
    assert plain(rows_of(pl.DataFrame(VALUES), [])) == VALUES
    assert rows_of(None, []) == {}


def test_name_and_frame_mean_what_they_say() -> None:
    assert read_arguments([], {"name": "weather", "a": [1]}) == ("weather", {"a": [1]})
    assert read_arguments([VALUES], {"name": "weather"}) == ("weather", VALUES)
    assert read_arguments(["n"], {"name": ["a", "b"], "frame": [1, 2]}) == (
        "n", {"name": ["a", "b"], "frame": [1, 2]},
    )  # fmt: skip
    assert read_arguments([], {}) == ("", {})


@pytest.mark.parametrize(
    ("args", "columns", "match"),
    [
        (["a"], {"name": "b"}, "not two names"),
        ([VALUES], {"frame": VALUES}, "not two tables"),
        ([VALUES], {"y": [1]}, "'y' is given twice"),
        (["n", [1, 2]], {}, "list is not a table"),
        (["n", 5], {}, "int is not a table"),
    ],
)
def test_other_arguments_are_refused(args: list[Any], columns: dict[str, Any], match: str) -> None:
    with pytest.raises(CloudError, match=match):
        read_arguments(args, columns)


def test_lengths_are_compared() -> None:
    require_equal_lengths({"x": 2, "y": 2})
    with pytest.raises(CloudError, match="same number of rows: 'x' has 2, 'y' has 3"):
        require_equal_lengths({"x": 2, "y": 3})
