"""Windows, compared with brute force: each bin shows what all of its rows would show."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns.values import Values
from bokeh_data.storage import column_store
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows import pyramid_store, range_extrema
from bokeh_data.windows.viewport import Window, WindowResult

from .extrema import Array, assert_same, brute_force, extrema_of, shrink


def has_nulls(y: Array) -> bool:
    """Tell whether there are NaN or NaT."""
    return bool(np.isnan(y).any() if y.dtype.kind == "f" else y.dtype.kind == "M" and np.isnat(y).any())


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
