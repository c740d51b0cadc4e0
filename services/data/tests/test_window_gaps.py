"""Gaps in windows: lines are interrupted where rows have no value, and nowhere else."""

from typing import Any

import numpy as np
import pytest

from bokeh_data.windows import gaps
from bokeh_data.windows.viewport import Window

from .extrema import Array


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
