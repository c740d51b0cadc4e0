"""Windows: their ends, tables whose x does not ascend, and what is rejected."""

from typing import Any

import numpy as np
import pytest

from bokeh_common.errors import Invalid
from bokeh_data.columns.values import Values
from bokeh_data.windows.viewport import Window


def test_ends_may_be_in_milliseconds(table: Any) -> None:
    x = np.datetime64("2024-01-01", "us") + np.arange(5000)
    table.append(x=x, y=np.arange(5000.0))
    start = 1704067200000
    found = table.query(Window("x", ("y",), f"{start + 1.5}ms", f"{start + 2}ms"))
    assert found.columns["y"].array.tolist() == list(np.arange(1500.0, 2001))


def test_rows_before_and_after_the_window(table: Any) -> None:
    table.append(x=np.arange(100.0), y=np.arange(100.0))
    assert table.query(Window("x", ("y",), 9.5, 11.5, around=True)).columns["x"].array.tolist() == [
        9,
        10,
        11,
        12,
    ]
    assert table.query(Window("x", ("y",), 9.2, 9.5, around=True)).columns["x"].array.tolist() == [9, 10]
    assert table.query(Window("x", ("y",), -5, 200, 10, around=True)).columns["x"].array[
        [0, -1]
    ].tolist() == [
        0,
        99,
    ]


def test_rows_are_sampled_if_x_does_not_ascend(table: Any) -> None:
    random = np.random.default_rng(4)
    x = random.random(300_000)
    table.append(x=x, y=x * 2, k=np.zeros(300_000, np.int8))
    found = table.query(Window("x", ("y", "k"), 0.25, 0.5))
    assert found.kind == "sampled"
    assert found.rows is None
    xs = found.columns["x"].array
    assert 5_000 < len(xs) < 70_000
    assert ((xs >= 0.25) & (xs <= 0.5)).all()
    np.testing.assert_array_equal(found.columns["y"].array, xs * 2)


def test_lttb_keeps_the_peak(table: Any) -> None:
    y = np.sin(np.arange(1_000_000) / 1e5)
    y[345_678] = 50
    table.append(x=np.arange(1_000_000.0), y=y)
    found = table.query(Window("x", ("y",), None, None, 300, "minmaxlttb"))
    y_found = found.columns["y"].array
    assert len(y_found) == 300
    assert 50 in y_found
    assert (np.diff(found.columns["x"].array) >= 0).all()


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (Window("x", ("y",), "nan", 5), "'from' is NaN"),
        (Window("x", ("y",), 0, float("nan")), "'to' is NaN"),
        (Window("x", ("y",), 0, "inf"), "finite"),
        (Window("x", ("y",), "soon", 5), "number"),
        (Window("x", ("y",), 0, "9" * 400), "float64"),
        (Window("x", ("y",), 0, 5, 0), "pixels"),
        (Window("x", ("y",), 0, 5, 1 << 60), "pixels"),
        (Window("x", ("t",)), "does not hold numbers"),
        (Window("n", ("y",), 0, 5), "2 rows without a value"),
        (Window("x", ("short",), 0, 5), "length"),
        (Window("x", ("x", "y"), 0, 5, 10, "minmaxlttb"), "each y by itself"),
    ],
)
def test_invalid_windows_are_rejected(table: Any, window: Window, message: str) -> None:
    x = np.arange(10.0)
    table.append(x=x, y=x, n=np.where(x > 7, np.nan, x), short=x[:3])
    table.columns["t"] = table.store.create("ada", Values("complex128", x.astype(complex)))
    with pytest.raises(Invalid, match=message):
        table.query(window)


def test_tables_without_rows(table: Any) -> None:
    table.append(x=np.empty(0), y=np.empty(0))
    assert len(table.query(Window("x", ("y",), 0, 5)).columns["x"]) == 0
    assert len(table.query(Window(None, ("y",))).columns["row"]) == 0


def test_ends_beyond_all_values(table: Any) -> None:
    table.append(x=np.arange(10), y=np.arange(10))
    for begin, end in ((20, 30), (-30, -20), (5, 4), (10**18, 10**30), (-(10**30), -(10**18))):
        assert len(table.query(Window("x", ("y",), begin, end)).columns["x"]) == 0
    assert len(table.query(Window("x", ("y",), -(10**30), 10**30)).columns["x"]) == 10
