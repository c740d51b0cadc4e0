"""A stored column behaves as the array of its values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bokeh.models import ColumnDataSource, FactorRange
from bokeh.plotting import figure

from bokeh_cloud.columns.stored_column import StoredColumn, loading

Y = np.array([1.5, np.nan, -2.0])
CITIES = np.array(["a", None, "b"], dtype=object)


def stored(values: Any, dtype: str = "float64") -> Any:
    summary = {"hash": "0" * 64, "dtype": dtype, "shape": list(values.shape), "size": 24}
    return StoredColumn("id", ("http://localhost", "ada"), summary, lambda: values)


SAME: list[Callable[[Any], Any]] = [
    lambda y: y == 1.5,
    lambda y: y != 1.5,
    lambda y: (y > 0) & (y < 2),
    lambda y: y + 1,
    lambda y: 1 - y,
    lambda y: np.ones(3) * y,
    lambda y: y * y,
    lambda y: -y,
    lambda y: abs(y),
    lambda y: y**2,
    lambda y: y // 2,
    np.nanmax,
    np.sort,
    np.isnan,
    np.asarray,
    lambda y: np.asarray(y, dtype="f4"),
    lambda y: np.concatenate([y, y]),
    lambda y: np.where(y > 0, y, 0),
    lambda y: np.interp(0.5, [0, 1, 2], y),
    lambda y: y.mean(),
    lambda y: y.astype(str),
    lambda y: y.tolist(),
    lambda y: y[1:],
    lambda y: y[y > 0],
    lambda y: y.T,
    lambda y: list(reversed(y)),
    len,
    np.size,
    np.shape,
    lambda y: y.ndim,
    list,
    lambda y: -2.0 in y,
    pd.Series,
    lambda y: pl.Series(list(y)),
]


@pytest.mark.parametrize("function", SAME)
def test_it_is_used_as_an_array(function: Callable[[Any], Any]) -> None:
    found, expected = function(stored(Y)), function(Y)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_arrays_are_changed_by_it_in_place() -> None:
    total = np.zeros(3)
    total += stored(Y)
    np.testing.assert_array_equal(total, Y)
    np.add.at(total, [0], stored(Y)[:1])
    assert total[0] == 3


def test_strings_are_compared() -> None:
    cities = stored(CITIES, "arrow[string]")
    assert (cities == "a").tolist() == [True, False, False]
    assert np.isin(cities, ["b"]).tolist() == [False, False, True]
    assert pd.Series(cities).tolist()[0] == "a"


def test_strings_are_factors() -> None:
    factors = stored(np.array(["a", "b"], dtype=object), "arrow[string]")
    plot = figure(x_range=factors)
    assert isinstance(plot.x_range, FactorRange)
    assert list(plot.x_range.factors) == ["a", "b"]
    assert list(FactorRange(factors=list(factors)).factors) == ["a", "b"]


def test_bokeh_takes_it_as_a_column() -> None:
    source = ColumnDataSource({"y": stored(Y), "x": [1, 2, 3]})
    plot = figure()
    plot.line("x", "y", source=source)
    plot.scatter([1, 2, 3], stored(Y))


def test_unknown_attributes_are_an_error() -> None:
    with pytest.raises(AttributeError, match="'StoredColumn' object has no attribute 'nothing'"):
        _ = stored(Y).nothing


def test_the_length_of_a_packed_column_is_that_of_its_values() -> None:
    packed = stored(np.zeros(100, np.uint8), "packed")
    packed._fetch = lambda: CITIES
    with loading():
        assert len(packed) == 0, "Bokeh's check of lengths fetches nothing"
    assert "rows" not in repr(packed)
    assert (len(packed), packed.shape, packed.nbytes) == (3, (3,), 24)
