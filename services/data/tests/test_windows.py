"""Windows, compared with brute force: each bin shows what all of its rows would show."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns.values import Values
from bokeh_data.storage import column_store
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows import bins, chunk_pyramid, column_reader, gaps, pyramid_store, range_extrema
from bokeh_data.windows.viewport import Window, WindowResult

Array = NDArray[Any]


def brute_force(x: Array, y: Array, begin: float, end: float, pixels: int) -> dict[int, tuple[Any, Any]]:
    """Return minimum and maximum of each bin that has rows, NaN for bins of nulls only."""
    edges = np.linspace(begin, end, pixels + 1)[:-1]
    if x.dtype.kind in "iu":
        begin, end = math.ceil(begin), math.floor(end)
        edges = np.array([begin - (begin - end) * i // pixels for i in range(pixels)])
    inside = (x >= begin) & (x <= end)
    bins = np.clip(np.searchsorted(edges, x[inside].astype(edges.dtype), "right") - 1, 0, pixels - 1)
    values = numbers(y[inside])
    return {
        int(i): (np.fmin.reduce(values[bins == i]), np.fmax.reduce(values[bins == i]))
        for i in np.unique(bins)
    }


def numbers(y: Array) -> Array:
    """Return values as numbers, NaN for nulls."""
    return y if y.dtype.kind != "M" else np.where(np.isnat(y), np.nan, y.astype(np.int64))


def has_nulls(y: Array) -> bool:
    """Tell whether there are NaN or NaT."""
    return bool(np.isnan(y).any() if y.dtype.kind == "f" else y.dtype.kind == "M" and np.isnat(y).any())


def extrema_of(found: WindowResult, begin: float, end: float, pixels: int, x: str = "x", y: str = "y") -> Any:
    return brute_force(found.columns[x].array, found.columns[y].array, begin, end, pixels)


def assert_same(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for i in expected:
        np.testing.assert_array_equal(found[i], expected[i])


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
    """Convert numbers to a dtype, keeping their order."""
    if kind[0] == "f":
        return values.clip(-6e4, 6e4).astype(kind) if kind == "f2" else values.astype(kind)
    if kind[0] == "M":
        whole = np.where(np.isfinite(values), values, 0).clip(-1e9, 1e9).astype("i8").astype(kind)
        return np.where(np.isnan(values), np.datetime64("NaT"), whole)
    limits = np.iinfo(kind)
    return np.nan_to_num(np.floor(values), nan=0).clip(limits.min / 2, limits.max / 2).astype(kind)


def shrink(patch: pytest.MonkeyPatch, block: int, ranges: int) -> None:
    """Make blocks of so many rows, and process so many ranges together, so that few rows suffice."""
    for module in (range_extrema, column_reader, chunk_pyramid):
        patch.setattr(module, "BLOCK_ROWS", block)
    for module in (bins, range_extrema):
        patch.setattr(module, "MAX_RANGES", ranges)


@settings(max_examples=100)
@given(
    data=st.data(),
    parts=st.lists(series(), min_size=1, max_size=4),
    kinds=st.tuples(st.sampled_from(["f8", "f4", "i8", "u4"]), st.sampled_from(["f8", "f2", "M8[s]", "i2"])),
    block=st.sampled_from([8, 64, 1024]),
    method=st.sampled_from(["minmax", "m4"]),
    pixels=st.integers(1, 60),
    chunk=st.sampled_from([1024, 8192, 1 << 20]),
    rollover=st.sampled_from([None, None, 1000]),
)
def test_any_window_has_the_exact_extrema(
    tmp_path_factory: Any,
    tables: Any,
    data: Any,
    parts: Any,
    kinds: tuple[str, str],
    block: int,
    method: str,
    pixels: int,
    chunk: int,
    rollover: int | None,
) -> None:
    storage = f"local://{tmp_path_factory.mktemp('window')}"
    table = tables(DataRepository(open_records(storage, "data"), open_blobs(storage, "data")))
    last = -np.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_store, "CHUNK_BYTES", chunk)
        patch.setattr(
            pyramid_store, "MIN_CHUNK_BYTES", data.draw(st.sampled_from([0, pyramid_store.MIN_CHUNK_BYTES]))
        )
        patch.setattr("os.fsync", lambda _: None)
        shrink(patch, block, data.draw(st.sampled_from([7, range_extrema.MAX_RANGES])))
        for x, y in parts:
            shifted = x if np.isinf(last) else x - x[0] + last
            table.append(rollover, x=as_kind(shifted, kinds[0]), y=as_kind(y, kinds[1]))
            last = shifted[-1]
        xs, ys = table.arrays["x"], table.arrays["y"]
        span = float(xs[-1]) - float(xs[0])
        ends = sorted(data.draw(st.floats(-0.1, 1.1)) for _ in range(2))
        begin, end = (float(xs[0] + part * span) for part in ends)
        found = table.query(Window("x", ("y",), begin, end, pixels, method))
    assert found.rows == np.count_nonzero((xs >= begin) & (xs <= end))
    assert_same(extrema_of(found, begin, end, pixels), brute_force(xs, ys, begin, end, pixels))
    if found.kind == "exact":
        np.testing.assert_array_equal(found.columns["y"].array, ys[(xs >= begin) & (xs <= end)])
    else:
        # With nulls there are also those of two runs, and those beside rows that stand alone.
        rows = (4 if method == "m4" else 2) + (has_nulls(ys) and (14 if method == "m4" else 2))
        assert len(found.columns["x"]) <= pixels * rows


def test_a_large_table(table: Any) -> None:
    n = 700_000
    random = np.random.default_rng(1)
    table.append(
        x=np.cumsum(random.random(n)), y=random.normal(size=n), z=random.integers(-9, 9, n, np.int16)
    )
    xs = table.arrays["x"]
    for begin, end in ((xs[0], xs[-1]), (1000.5, 90_000.25), (xs[70_000], xs[700_000 - 3])):
        for method in ("minmax", "m4"):
            found = table.query(Window("x", ("y", "z"), begin, end, 500, method))
            assert found.kind == "reduced"
            for y in ("y", "z"):
                extrema = extrema_of(found, begin, end, 500, y=y)
                assert_same(extrema, brute_force(xs, table.arrays[y], begin, end, 500))


def test_x_may_be_the_row_number(table: Any) -> None:
    y = np.random.default_rng(2).normal(size=200_000)
    table.append(y=y)
    found = table.query(Window(None, ("y",), 10, 150_000, 100))
    assert_same(
        extrema_of(found, 10, 150_000, 100, "row"), brute_force(np.arange(200_000), y, 10, 150_000, 100)
    )
    assert table.query(Window(None, ("y",), 7, 9)).columns["row"].array.tolist() == [7, 8, 9]
    whole = table.query(Window(None, ("y",), -(10**18), 10**18, 50))
    assert (whole.kind, whole.rows) == ("reduced", 200_000)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D"])
def test_x_may_be_a_time(table: Any, unit: str) -> None:
    x = np.datetime64("2024-01-01").astype(f"M8[{unit}]") + np.arange(100_000)
    y = np.random.default_rng(3).normal(size=100_000)
    table.append(x=x, y=y)
    begin, end = x[10], x[90_010]
    text = (str(begin) + ("Z" if unit != "D" else ""), str(end))
    found = table.query(Window("x", ("y",), *text, 100))
    as_int = x.astype(np.int64) - int(begin.astype(np.int64))
    columns = {
        **found.columns,
        "x": Values("int64", found.columns["x"].array.astype(np.int64) - int(begin.astype(np.int64))),
    }
    extrema = extrema_of(WindowResult("", columns), 0, 90_000, 100)
    assert_same(extrema, brute_force(as_int, y, 0, 90_000, 100))
    assert found.columns["x"].dtype == f"datetime64[{unit}]"


def test_ends_may_be_in_milliseconds(table: Any) -> None:
    x = np.datetime64("2024-01-01", "us") + np.arange(5000)
    table.append(x=x, y=np.arange(5000.0))
    start = 1704067200000
    found = table.query(Window("x", ("y",), f"{start + 1.5}ms", f"{start + 2}ms"))
    assert found.columns["y"].array.tolist() == list(np.arange(1500.0, 2001))


def test_gaps_are_kept(table: Any) -> None:
    y = np.sin(np.arange(100_000.0))
    y[30_000:40_000] = np.nan
    y[70_000] = np.nan
    table.append(x=np.arange(100_000.0), y=y, z=np.arange(100_000.0))
    for method in ("minmax", "m4"):
        found = table.query(Window("x", ("y", "z"), None, None, 100, method))
        x, ys = found.columns["x"].array, found.columns["y"].array
        gap = np.isnan(ys)
        assert gap[(x >= 31_000) & (x < 39_000)].all()
        assert not np.isnan(found.columns["z"].array).any()
        assert gap[(x > 40_000) & (x < 69_000)].sum() == 0
        assert (np.diff(x[~gap]) > 9000).sum() == 1


def test_rows_of_a_window_are_rows_of_the_table(table: Any) -> None:
    random = np.random.default_rng(7)
    x = np.cumsum(random.random(200_000))
    y = random.normal(size=200_000)
    table.append(x=x, y=y, z=-np.abs(y))
    for method in ("minmax", "m4", "minmaxlttb"):
        names = ("y",) if method == "minmaxlttb" else ("y", "z")
        found = table.query(Window("x", names, x[10], x[-5], 300, method, around=True))
        assert found.kind == "reduced"
        rows = np.searchsorted(x, found.columns["x"].array)
        assert (np.diff(rows) > 0).all(), "each row once, in their order"
        for name in names:
            np.testing.assert_array_equal(found.columns[name].array, table.arrays[name][rows])
        assert len(rows) <= 300 * (6 if method == "m4" else 4) + 2


@settings(max_examples=30)
@given(seed=st.integers(0, 1 << 30), pixels=st.integers(1, 40), block=st.sampled_from([8, 64]))
def test_m4_has_the_rows_that_the_article_names(
    tmp_path_factory: Any, tables: Any, seed: int, pixels: int, block: int
) -> None:
    """Of each bin the first row, the last row, and rows with the minimum and the maximum, in their order."""
    random = np.random.default_rng(seed)
    storage = f"local://{tmp_path_factory.mktemp('m4')}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_store, "CHUNK_BYTES", 4096)
        patch.setattr("os.fsync", lambda _: None)
        shrink(patch, block, 16)
        table = tables(DataRepository(open_records(storage, "data"), open_blobs(storage, "data")))
        table.append(y=random.integers(0, 9, random.integers(1, 9000)))
        found = table.query(Window(None, ("y",), pixels=pixels, method="m4"))
    y, rows = table.arrays["y"], found.columns["row"].array
    if found.kind == "exact":
        return
    for begin, end in pairwise([*(-(-(len(y) - 1) * i // pixels) for i in range(pixels)), len(y)]):
        inside = rows[(rows >= begin) & (rows < end)]
        assert {begin, end - 1} <= set(inside.tolist())
        assert (y[inside].min(), y[inside].max()) == (y[begin:end].min(), y[begin:end].max())
        assert len(inside) <= 4


def drawn(y: Array) -> Array:
    """Return the pairs of rows that a line through y joins."""
    valid = ~np.isnan(y)
    return np.flatnonzero(valid[1:] & valid[:-1])


def window_of_gaps(table: Any, y: Array, pixels: int = 100) -> tuple[Array, Array]:
    """Return rows and y of a reduced window."""
    table.append(y=y)
    found = table.query(Window(None, ("y",), pixels=pixels, method="m4"))
    assert found.kind == "reduced"
    return found.columns["row"].array, found.columns["y"].array


def test_rows_between_nulls_are_not_joined(table: Any) -> None:
    y = np.random.default_rng(8).normal(size=100_000)
    y[1::2] = np.nan
    _, found = window_of_gaps(table, y)
    assert len(drawn(found)) == 0


def test_two_runs_in_a_bin_are_not_joined(table: Any) -> None:
    """Nothing is drawn between the levels."""
    y = np.zeros(100_000)
    y[50_500:] = 5
    y[50_490:50_500] = np.nan
    rows, found = window_of_gaps(table, y)
    joined = drawn(found)
    assert (found[joined] == found[joined + 1]).all()
    assert {50_489, 50_500} <= set(rows.tolist())


def test_the_extrema_of_runs_are_kept_and_those_of_single_rows_are_not_joined(table: Any) -> None:
    y = np.sin(np.arange(100_000) / 5000)
    y[::200] = np.nan
    y[40_199], y[40_201], y[40_202] = 7, 9, np.nan  # the second stands alone
    rows, found = window_of_gaps(table, y)
    at = {row: number for number, row in enumerate(rows.tolist())}
    assert found[at[40_199]] == 7
    assert np.isnan(found[at[40_201] + 1])
    assert np.isnan(found[at[40_201] - 1])
    joined = drawn(found)
    ends = found[[*joined, *(joined + 1)]]
    assert 7 in ends
    assert 9 not in ends


def test_gaps_in_more_rows_than_are_read_are_those_at_the_edges_of_bins(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "MAX_ROWS", 10)
    y = np.arange(100_000.0)
    y[30_000:40_000] = np.nan
    rows, found = window_of_gaps(table, y)
    assert np.isnan(found[(rows > 31_000) & (rows < 39_000)]).all()
    assert len(rows) <= 400


def test_y_may_be_a_time_with_nulls(table: Any) -> None:
    y = np.datetime64("2024-01-01", "s") + np.arange(100_000)
    y[50_000:60_000] = np.datetime64("NaT")
    table.append(x=np.arange(100_000), y=y)
    found = table.query(Window("x", ("y",), 0, 99_999, 10))
    assert np.isnat(found.columns["y"].array).sum() >= 2
    assert found.columns["y"].array[0] == y[0]


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
