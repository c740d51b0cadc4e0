"""Windows, compared with brute force: what each pixel column shows is what all of its rows would show."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_common.storage import open_blobs, open_records
from bokeh_data import axis, columnstore, extremes, opened, pyramid, pyramids
from bokeh_data.records import Records
from bokeh_data.values import Values
from bokeh_data.windows import Seen, Window

Array = NDArray[Any]


def brute(x: Array, y: Array, begin: float, end: float, pixels: int) -> dict[int, tuple[Any, Any]]:
    """Return least and greatest of each pixel column that has rows, NaN where it has only nulls."""
    edges = np.linspace(begin, end, pixels + 1)[:-1]
    if x.dtype.kind in "iu":
        begin, end = math.ceil(begin), math.floor(end)
        edges = np.array([begin - (begin - end) * i // pixels for i in range(pixels)])
    inside = (x >= begin) & (x <= end)
    columns = np.clip(np.searchsorted(edges, x[inside].astype(edges.dtype), "right") - 1, 0, pixels - 1)
    values = numbers(y[inside])
    return {
        int(c): (np.fmin.reduce(values[columns == c]), np.fmax.reduce(values[columns == c]))
        for c in np.unique(columns)
    }


def numbers(y: Array) -> Array:
    """Return values as numbers, NaN where there is none."""
    return y if y.dtype.kind != "M" else np.where(np.isnat(y), np.nan, y.astype(np.int64))


def seen_columns(seen: Seen, begin: float, end: float, pixels: int, x: str = "x", y: str = "y") -> Any:
    return brute(seen.columns[x].array, seen.columns[y].array, begin, end, pixels)


def assert_same(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for column in expected:
        np.testing.assert_array_equal(found[column], expected[column])


FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)


@st.composite
def series(draw: Any) -> tuple[Array, Array]:
    """Return ascending x of any spacing, with ties, and any y."""
    count, seed = draw(st.integers(1, 3000)), draw(st.integers(0, 1 << 30))
    random = np.random.default_rng(seed)
    steps = random.exponential(draw(st.sampled_from([1e-9, 1, 1e6])), count)
    steps[random.random(count) < draw(st.sampled_from([0, 0.5, 0.99]))] = draw(
        st.sampled_from([0, 1e-3, 1e3])
    )
    y = random.normal(size=count)
    for value in draw(st.lists(FLOATS, max_size=5)):
        at = random.integers(0, count)
        y[at : at + random.integers(1, 200)] = value
    return np.cumsum(steps) + draw(st.sampled_from([0, -1e3, 1e9])), y


def as_kind(values: Array, kind: str) -> Array:
    """Return numbers as those of a dtype, in the same order."""
    if kind[0] == "f":
        return values.clip(-6e4, 6e4).astype(kind) if kind == "f2" else values.astype(kind)
    if kind[0] == "M":
        whole = np.where(np.isfinite(values), values, 0).clip(-1e9, 1e9).astype("i8").astype(kind)
        return np.where(np.isnan(values), np.datetime64("NaT"), whole)
    limits = np.iinfo(kind)
    return np.nan_to_num(np.floor(values), nan=0).clip(limits.min / 2, limits.max / 2).astype(kind)


def shrink(patch: pytest.MonkeyPatch, cell: int, together: int) -> None:
    """Have cells of so many rows, and look at so many pixel columns together: few rows do for many."""
    for module in (extremes, opened, pyramid):
        patch.setattr(module, "CELL", cell)
    for module in (axis, extremes):
        patch.setattr(module, "TOGETHER", together)


@settings(max_examples=100, deadline=None)
@given(
    data=st.data(),
    parts=st.lists(series(), min_size=1, max_size=4),
    kinds=st.tuples(st.sampled_from(["f8", "f4", "i8", "u4"]), st.sampled_from(["f8", "f2", "M8[s]", "i2"])),
    cell=st.sampled_from([8, 64, 1024]),
    method=st.sampled_from(["minmax", "m4"]),
    pixels=st.integers(1, 60),
    chunk=st.sampled_from([1024, 8192, 1 << 20]),
    rollover=st.sampled_from([None, None, 1000]),
)
def test_no_extreme_is_lost(
    tmp_path_factory: Any,
    tables: Any,
    data: Any,
    parts: Any,
    kinds: tuple[str, str],
    cell: int,
    method: str,
    pixels: int,
    chunk: int,
    rollover: int | None,
) -> None:
    storage = f"local://{tmp_path_factory.mktemp('window')}"
    table = tables(Records(open_records(storage, "data"), open_blobs(storage, "data")))
    last = -np.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnstore, "CHUNK_BYTES", chunk)
        patch.setattr(pyramids, "SMALLEST", data.draw(st.sampled_from([0, pyramids.SMALLEST])))
        patch.setattr("os.fsync", lambda _: None)
        shrink(patch, cell, data.draw(st.sampled_from([7, extremes.TOGETHER])))
        for x, y in parts:
            shifted = x if np.isinf(last) else x - x[0] + last
            table.append(rollover, x=as_kind(shifted, kinds[0]), y=as_kind(y, kinds[1]))
            last = shifted[-1]
        xs, ys = table.values["x"], table.values["y"]
        span = float(xs[-1]) - float(xs[0])
        ends = sorted(data.draw(st.floats(-0.1, 1.1)) for _ in range(2))
        begin, end = (float(xs[0] + part * span) for part in ends)
        seen = table.look(Window("x", ("y",), begin, end, pixels, method))
    assert seen.rows == np.count_nonzero((xs >= begin) & (xs <= end))
    assert_same(seen_columns(seen, begin, end, pixels), brute(xs, ys, begin, end, pixels))
    if seen.kind == "exact":
        np.testing.assert_array_equal(seen.columns["y"].array, ys[(xs >= begin) & (xs <= end)])
    else:
        assert len(seen.columns["x"]) <= pixels * (5 if method == "m4" else 3)


def test_large(table: Any) -> None:
    n = 700_000
    random = np.random.default_rng(1)
    table.append(
        x=np.cumsum(random.random(n)), y=random.normal(size=n), z=random.integers(-9, 9, n, np.int16)
    )
    xs = table.values["x"]
    for begin, end in ((xs[0], xs[-1]), (1000.5, 90_000.25), (xs[70_000], xs[700_000 - 3])):
        for method in ("minmax", "m4"):
            seen = table.look(Window("x", ("y", "z"), begin, end, 500, method))
            assert seen.kind == "reduced"
            for y in ("y", "z"):
                found = seen_columns(seen, begin, end, 500, y=y)
                assert_same(found, brute(xs, table.values[y], begin, end, 500))


def test_row_numbers(table: Any) -> None:
    y = np.random.default_rng(2).normal(size=200_000)
    table.append(y=y)
    seen = table.look(Window(None, ("y",), 10, 150_000, 100))
    assert_same(seen_columns(seen, 10, 150_000, 100, "row"), brute(np.arange(200_000), y, 10, 150_000, 100))
    assert table.look(Window(None, ("y",), 7, 9)).columns["row"].array.tolist() == [7, 8, 9]
    whole = table.look(Window(None, ("y",), -(10**18), 10**18, 50))
    assert (whole.kind, whole.rows) == ("reduced", 200_000)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D"])
def test_times(table: Any, unit: str) -> None:
    x = np.datetime64("2024-01-01").astype(f"M8[{unit}]") + np.arange(100_000)
    y = np.random.default_rng(3).normal(size=100_000)
    table.append(x=x, y=y)
    begin, end = x[10], x[90_010]
    text = (str(begin) + ("Z" if unit != "D" else ""), str(end))
    seen = table.look(Window("x", ("y",), *text, 100))
    as_int = x.astype(np.int64) - int(begin.astype(np.int64))
    columns = {
        **seen.columns,
        "x": Values("int64", seen.columns["x"].array.astype(np.int64) - int(begin.astype(np.int64))),
    }
    found = seen_columns(Seen("", columns), 0, 90_000, 100)
    assert_same(found, brute(as_int, y, 0, 90_000, 100))
    assert seen.columns["x"].dtype == f"datetime64[{unit}]"


def test_times_in_milliseconds(table: Any) -> None:
    x = np.datetime64("2024-01-01", "us") + np.arange(5000)
    table.append(x=x, y=np.arange(5000.0))
    start = 1704067200000
    seen = table.look(Window("x", ("y",), f"{start + 1.5}ms", f"{start + 2}ms"))
    assert seen.columns["y"].array.tolist() == list(np.arange(1500.0, 2001))


def test_gaps_stay_gaps(table: Any) -> None:
    y = np.sin(np.arange(100_000.0))
    y[30_000:40_000] = np.nan
    y[70_000] = np.nan
    table.append(x=np.arange(100_000.0), y=y, z=np.arange(100_000.0))
    for method in ("minmax", "m4"):
        seen = table.look(Window("x", ("y", "z"), None, None, 100, method))
        x, ys = seen.columns["x"].array, seen.columns["y"].array
        gap = np.isnan(ys)
        assert gap[(x >= 31_000) & (x < 39_000)].all()
        assert not np.isnan(seen.columns["z"].array).any()
        assert gap[(x > 40_000) & (x < 69_000)].sum() == 0
        assert (np.diff(x[~gap]) > 9000).sum() == 1


def test_time_as_y_keeps_its_nulls(table: Any) -> None:
    y = np.datetime64("2024-01-01", "s") + np.arange(100_000)
    y[50_000:60_000] = np.datetime64("NaT")
    table.append(x=np.arange(100_000), y=y)
    seen = table.look(Window("x", ("y",), 0, 99_999, 10))
    assert np.isnat(seen.columns["y"].array).sum() >= 2
    assert seen.columns["y"].array[0] == y[0]


def test_rows_around(table: Any) -> None:
    table.append(x=np.arange(100.0), y=np.arange(100.0))
    assert table.look(Window("x", ("y",), 9.5, 11.5, around=True)).columns["x"].array.tolist() == [
        9,
        10,
        11,
        12,
    ]
    assert table.look(Window("x", ("y",), 9.2, 9.5, around=True)).columns["x"].array.tolist() == [9, 10]
    assert table.look(Window("x", ("y",), -5, 200, 10, around=True)).columns["x"].array[[0, -1]].tolist() == [
        0,
        99,
    ]


def test_x_that_does_not_ascend(table: Any) -> None:
    random = np.random.default_rng(4)
    x = random.random(300_000)
    table.append(x=x, y=x * 2, k=np.zeros(300_000, np.int8))
    seen = table.look(Window("x", ("y", "k"), 0.25, 0.5))
    assert seen.kind == "sampled"
    assert seen.rows is None
    xs = seen.columns["x"].array
    assert 5_000 < len(xs) < 70_000
    assert ((xs >= 0.25) & (xs <= 0.5)).all()
    np.testing.assert_array_equal(seen.columns["y"].array, xs * 2)


def test_lttb_keeps_the_ends_and_the_peak(table: Any) -> None:
    y = np.sin(np.arange(1_000_000) / 1e5)
    y[345_678] = 50
    table.append(x=np.arange(1_000_000.0), y=y)
    seen = table.look(Window("x", ("y",), None, None, 300, "minmaxlttb"))
    found = seen.columns["y"].array
    assert len(found) == 300
    assert 50 in found
    assert (np.diff(seen.columns["x"].array) >= 0).all()


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (Window("x", ("y",), "nan", 5), "'from' is NaN"),
        (Window("x", ("y",), 0, float("nan")), "'to' is NaN"),
        (Window("x", ("y",), 0, "inf"), "finite"),
        (Window("x", ("y",), "soon", 5), "number"),
        (Window("x", ("y",), 0, "9" * 400), "float64"),
        (Window("x", ("y",), 0, 5, 0), "pixels"),
        (Window("x", ("y",), 0, 5, 1 << 60), "pixels"),
        (Window("x", ("t",)), "not one of numbers"),
        (Window("n", ("y",), 0, 5), "2 rows without a value"),
        (Window("x", ("short",), 0, 5), "length"),
        (Window("x", ("x", "y"), 0, 5, 10, "minmaxlttb"), "each y by itself"),
    ],
)
def test_what_makes_no_sense(table: Any, window: Window, says: str) -> None:
    x = np.arange(10.0)
    table.append(x=x, y=x, n=np.where(x > 7, np.nan, x), short=x[:3])
    table.columns["t"] = table.store.make("ada", Values("complex128", x.astype(complex)))
    with pytest.raises(Invalid, match=says):
        table.look(window)


def test_nothing(table: Any) -> None:
    table.append(x=np.empty(0), y=np.empty(0))
    assert len(table.look(Window("x", ("y",), 0, 5)).columns["x"]) == 0
    assert len(table.look(Window(None, ("y",))).columns["row"]) == 0


def test_beyond_everything(table: Any) -> None:
    table.append(x=np.arange(10), y=np.arange(10))
    for begin, end in ((20, 30), (-30, -20), (5, 4), (10**18, 10**30), (-(10**30), -(10**18))):
        assert len(table.look(Window("x", ("y",), begin, end)).columns["x"]) == 0
    assert len(table.look(Window("x", ("y",), -(10**30), 10**30)).columns["x"]) == 10
