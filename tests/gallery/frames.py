"""Columns from data frames of pandas, Polars and Arrow."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined,misc"

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from bokeh.layouts import column
from bokeh.model import Model
from bokeh.models import ColumnDataSource, DataTable, TableColumn
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


def frame() -> pd.DataFrame:
    """Return a data frame with an index, categories, strings, booleans and numbers."""
    numbers = random(2)
    return pd.DataFrame(
        {
            "height": numbers.normal(170, 10, 30),
            "weight": numbers.normal(70, 12, 30).astype("float32"),
            "kind": pd.Categorical(["ash", "beech", "cedar"] * 10),
            "name": [f"tree {value}" for value in range(30)],
            "old": numbers.random(30) > 0.5,
        },
        index=pd.Index(range(100, 130), name="tree"),
    )


@gallery
def pandas_frame() -> Model:
    """A data frame as a source, with its index, and a table of it."""
    source = ColumnDataSource(frame())
    plot = figure(title="Trees", width=600, height=300)
    plot.scatter("height", "weight", source=source, size=9, alpha=0.6)
    columns = [TableColumn(field=name, title=name.title()) for name in ("tree", "kind", "name", "old")]
    return column(plot, DataTable(source=source, columns=columns, width=600, height=200))


@gallery
def pandas_series() -> Model:
    """Series as columns: categories, nullable strings, booleans."""
    data = frame()
    source = ColumnDataSource({name: data[name] for name in ("height", "kind", "old", "name")})
    plot = figure(title="Kinds", width=500, height=300, y_range=["ash", "beech", "cedar"])
    plot.scatter("height", "kind", source=source, size=8)
    return plot


@gallery
def pandas_groups() -> Model:
    """A group-by object as a source: statistics of each group."""
    source = ColumnDataSource(frame().groupby("kind", observed=True)[["height", "weight"]])
    plot = figure(title="Groups", width=500, height=300, x_range=["ash", "beech", "cedar"])
    plot.vbar(x="kind", top="height_mean", width=0.6, source=source)
    plot.segment("kind", "height_min", "kind", "height_max", line_width=3, color="black", source=source)
    return plot


@gallery
def polars_columns() -> Model:
    """Polars series as columns."""
    table = pl.DataFrame({"x": np.arange(40), "y": np.cos(np.arange(40) / 5), "s": ["a", "b"] * 20})
    plot = figure(title="Polars", width=500, height=300)
    plot.line("x", "y", source=ColumnDataSource({name: table[name] for name in table.columns}))
    return plot


@gallery
def arrow_columns() -> Model:
    """Arrow arrays as columns, one of them with nulls."""
    y = [value % 7 if value % 5 else None for value in range(40)]
    data = {"x": pa.array(np.arange(40)), "y": pa.array(y)}
    plot = figure(title="Arrow", width=500, height=300)
    plot.scatter("x", "y", source=ColumnDataSource(data), size=7)
    return plot
