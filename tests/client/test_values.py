"""Values of any kind are stored as they are, or refused before anything is stored."""

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bokeh.layouts import row
from bokeh.plotting import figure
from playwright.sync_api import Browser

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from tests.support.chromium import frame_of, wait_ready


def id_of(value: object) -> str:
    """Return the id of a parameter, the same in all processes: without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


NOW = datetime(2026, 7, 1, 12, 30, 15, 123456)


def column_of(source: RemoteDataSource) -> Any:
    return source.refresh().to_pandas()["a"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pd.Series([1, None], dtype="Int64"), "float64"),
        (pd.Series([1.5, None], dtype="Float32"), "float32"),
        (pl.Series([1, None]), "float64"),
        ([2**60 + 1, None], "Int64"),
        ([True, None], "boolean"),
        ([Decimal("1.5"), None], "float64"),
    ],
    ids=id_of,
)
def test_nullable_columns_come_back_with_their_dtype(
    server: bokeh_cloud.Server, values: Any, dtype: str
) -> None:
    source = server.DataSource(a=values)
    back = column_of(source)
    assert str(back.dtype) == dtype
    assert back.isna().tolist() == [False, True]
    assert back[0] == next(iter(values))
    assert source.to_pandas(rows=":").a.equals(back)
    assert source.to_pandas(where="a is null").a.isna().tolist() == [True]


def test_windows_know_missing_numbers(server: bokeh_cloud.Server) -> None:
    y = pd.Series(np.arange(5000.0), dtype="Float64").mask(np.arange(5000) % 7 == 3)
    source = server.DataSource(x=np.arange(5000.0), a=y)
    window = source.window("a", x="x", pixels=10)
    assert window.kind == "reduced"
    assert (np.nanmin(window["a"]), np.nanmax(window["a"])) == (0, 4999)
    assert np.isnan(source.window("a", x="x", start=2, end=4)["a"]).tolist() == [False, True, False]


def test_browsers_draw_a_gap_where_a_number_is_missing(server: bokeh_cloud.Server, browser: Browser) -> None:
    small = pd.Series([11, None, 13], dtype="Int64")
    large = pd.Series([2**60 + 1, None, 2**60 + 3], dtype="Int64")
    lines = [[5.0, None, 6.0], [7.0, None], [8.0]]
    source = server.DataSource(x=[1.0, 2.0, 3.0], small=small, large=large, lines=lines, empty=[None] * 3)
    plot, other = figure(), figure()
    plot.line("x", "small", source=source)
    other.line("x", "large", source=source)
    other.multi_line("lines", "lines", source=source)
    url = server.publish(row(plot, other), "gaps").url
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        frame = frame_of(page)
        wait_ready(frame)
        drawn = "Bokeh.documents[0].roots()[0].children[0]"
        columns = f"{drawn}.renderers[0].data_source.data"
        for values in (f"{columns}.small", f"{columns}.large", f"{columns}.lines[0]"):
            assert frame.evaluate(f"[...{values}].map(Number.isNaN)") == [False, True, False]
        assert frame.evaluate(f"{drawn}.y_range.start") > 10, "the range ignores the missing number"


@pytest.mark.parametrize(
    ("values", "change", "match"),
    [
        ([1, 2, 3], (0, 1.7), "holds int64; the values are float64"),
        (np.array([1, 2], "i1"), (0, 300), "do not all fit"),
        (np.array([1, 2], "u1"), (0, -1), "do not all fit"),
        ([1, 2, 3], (0, "text"), "of another type"),
        ([1, 2, 3], (0, None), "no missing values"),
        ([1, 2, 3], (0, True), "the values are bool"),
        ([1.5, 2.5], (0, 2**53 + 1), "do not all fit"),
        (np.array([1.5, 2.5], "f4"), (0, 1e300), "do not all fit"),
        (np.array(["2026"], "M8[s]"), (0, NOW), r"asarray\(values, 'datetime64\[s\]'\)"),
        (pd.date_range("2026", periods=2, tz="UTC"), (0, NOW), "do not all fit"),
        (["x", "y"], (0, 5), "holds string"),
        (["x", "y"], (slice(0, 2), [1.5, math.nan]), "holds string"),
        ([True, None], (0, "x"), "holds bool"),
        ([[1], [2, 3]], (0, "x"), "of another type"),
        ([1, 2, 3], (slice(0, 3), [9]), "give each element one value"),
        ([1, 2, 3], (slice(0, 2), 9), "for one row write"),
        (["x", "y"], (slice(0, 2), ["z"]), "1 values for 2 rows"),
        ([1, 2, 3], (3, 9), "3 rows: 3 is not an index"),
        ([1, 2, 3], (slice(0, 4), [9] * 4), "is not an index or a slice"),
        ([1, 2, 3], (0.5, 9), "0.5 is not an index"),
    ],
    ids=id_of,
)
def test_a_patch_that_does_not_fit_is_refused(
    server: bokeh_cloud.Server, values: Any, change: Any, match: str
) -> None:
    source = server.DataSource(a=values)
    with pytest.raises(bokeh_cloud.CloudError, match=match):
        source.patch({"a": [change]})
    assert source.refresh().version == 1


@pytest.mark.parametrize(
    ("values", "change", "expected"),
    [
        ([1, 2, 3], (1, 2.0), [1, 2, 3]),
        ([1, 2, 3], (slice(0, 3, 2), [7, 9]), [7, 2, 9]),
        ([1.5, 2.5], (-1, None), [1.5, math.nan]),
        (np.array(["2026"], "M8[ms]"), (0, NOW.replace(microsecond=5000)), [NOW.replace(microsecond=5000)]),
        (["x", "y"], (0, None), [None, "y"]),
        ([[1], [2, 3]], (0, [4, 5, 6]), [[4, 5, 6], [2, 3]]),
        (np.zeros((2, 3)), ([1, slice(0, 2)], [7, 8]), [[0, 0, 0], [7, 8, 0]]),
        ([1, "x"], (0, "y"), ["y", "x"]),
    ],
    ids=id_of,
)
def test_a_patch_that_fits_is_stored(
    server: bokeh_cloud.Server, values: Any, change: Any, expected: Any
) -> None:
    source = server.DataSource(a=values)
    source.patch({"a": [change]})
    found = source.refresh().columns()["a"].values
    for value, wanted in zip(found.tolist(), expected, strict=True):
        assert value == wanted or (math.isnan(wanted) and math.isnan(value))


@pytest.mark.parametrize(
    ("values", "new", "match"),
    [
        ([1, 2], [1.5], "do not all fit"),
        ([1, 2], [None], "do not all fit int64"),
        (["x"], [math.nan], "holds string; these values are"),
        (["x"], [5], "holds string"),
        ([[1.5], []], [["x"]], "tried to convert to double"),
        ([0.5], [2**53 + 1], "do not all fit"),
        (np.array(["2026"], "M8[s]"), [NOW], r"write np.asarray\(values, 'datetime64\[s\]'\)"),
        (np.array([1], "i1"), [300], "do not all fit"),
        ([1, "x"], [2], "packed column cannot be appended to"),
    ],
    ids=id_of,
)
def test_rows_that_do_not_fit_are_refused(
    server: bokeh_cloud.Server, values: Any, new: Any, match: str
) -> None:
    source = server.DataSource(a=values)
    with pytest.raises(bokeh_cloud.CloudError, match=match):
        source.stream(a=new)
    assert source.refresh().version == 1


@pytest.mark.parametrize(
    ("empty", "new", "dtype"),
    [
        ([], [NOW], "datetime64[us]"),
        ([], ["x", None], "arrow[string]"),
        ([], [1, 2], "int64"),
        ([], [[1], [2, 3]], "arrow[list<item: int64>]"),
        (np.array([]), ["x"], "arrow[string]"),
        (np.array([]), [1, 2], "float64"),
        (pd.Series([], dtype="string"), ["x"], "arrow[string]"),
        (np.array([], "M8[ms]"), [NOW], "datetime64[us]"),
        (np.array([], "M8[ns]"), [NOW], "datetime64[ns]"),
        (np.array([], "m8[s]"), [timedelta(microseconds=1)], "timedelta64[us]"),
    ],
    ids=id_of,
)
def test_an_empty_column_takes_its_type_from_the_first_rows(
    server: bokeh_cloud.Server, empty: Any, new: Any, dtype: str
) -> None:
    source = server.DataSource(a=empty)
    source.stream(a=new)
    assert source.columns()["a"].dtype == dtype
    assert len(column_of(source)) == len(new)
    source.stream(a=new, rollover=1)
    assert len(column_of(source)) == 1


def test_an_empty_column_of_integers_stays_one(server: bokeh_cloud.Server) -> None:
    source = server.DataSource(a=np.array([], "i8"))
    with pytest.raises(bokeh_cloud.Rejected, match="do not all fit"):
        source.stream(a=[1.5])


def test_missing_rows_become_those_of_the_first_values(server: bokeh_cloud.Server) -> None:
    for new, dtype in (([1], "float64"), (["x"], "arrow[string]"), ([NOW], "datetime64[us]")):
        source = server.DataSource(a=[None, None])
        source.stream(a=new)
        assert source.columns()["a"].dtype == dtype
        assert column_of(source).isna().tolist() == [True, True, False]


def test_a_name_is_one_source(server: bokeh_cloud.Server) -> None:
    first = server.DataSource("run twice", a=[1.5])
    assert server.DataSource("run twice", a=[1.5]).version == 1
    again = server.DataSource("run twice", a=[2.5])
    assert (again.source_id, again.version) == (first.source_id, 2)
    assert server.DataSource(a=[1]).source_id != server.DataSource(a=[1]).source_id


def test_lengths_that_differ_are_refused_at_once(server: bokeh_cloud.Server, uploads: list[int]) -> None:
    for columns in ({"a": np.arange(3), "b": np.arange(2.0)}, {"a": ["x"], "b": []}):
        with pytest.raises(bokeh_cloud.CloudError, match="same number of rows: 'a' has"):
            server.DataSource("unequal", columns)
    assert not uploads
