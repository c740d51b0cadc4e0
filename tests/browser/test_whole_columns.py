"""Plots whose glyphs or tools need all rows load them completely instead of windows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bokeh.layouts import column
from bokeh.models import BooleanFilter, CDSView, ColumnDataSource, CustomJS, HoverTool, TapTool
from bokeh.models.widgets import DataTable, TableColumn
from bokeh.plotting import figure

from tests.browser.window_plots import FEW_ROWS, Visitor, line, spiky
from tests.support.populated_cloud import PopulatedCloud


def with_tap_tool() -> Any:
    plot = line(FEW_ROWS)
    plot.add_tools(TapTool())
    return plot


def with_hover_tool() -> Any:
    plot = line(FEW_ROWS)
    plot.add_tools(HoverTool())
    return plot


def with_table() -> Any:
    x, y = spiky(FEW_ROWS)
    source = ColumnDataSource({"x": x, "y": y})
    plot = figure(width=400, height=200)
    plot.line("x", "y", source=source)
    return column(plot, DataTable(source=source, columns=[TableColumn(field="y")], width=300, height=200))


def with_code() -> Any:
    plot = line(FEW_ROWS)
    plot.x_range.js_on_change("start", CustomJS(code="return 1"))
    return plot


def with_filter() -> Any:
    x, y = spiky(FEW_ROWS)
    plot = figure(width=400, height=200)
    view = CDSView(filter=BooleanFilter(booleans=[True] * 10))
    plot.line("x", "y", source=ColumnDataSource({"x": x, "y": y}), view=view)
    return plot


def scatter() -> Any:
    plot = figure(width=400, height=200)
    plot.scatter(*spiky(FEW_ROWS))
    return plot


def with_unsorted_x() -> Any:
    x, y = spiky(FEW_ROWS)
    plot = figure(width=400, height=200)
    plot.line(y, x)
    return plot


def with_infinity() -> Any:
    x, y = spiky(FEW_ROWS)
    y[7] = np.inf
    plot = figure(width=400, height=200)
    plot.line(x, y)
    return plot


def stacked_areas() -> Any:
    x, y = spiky(FEW_ROWS)
    plot = figure(width=400, height=200)
    plot.varea_stack(["a", "b"], x="x", source=ColumnDataSource({"x": x, "a": y, "b": y}))
    return plot


@pytest.mark.parametrize(
    "builder",
    [
        with_tap_tool,
        with_hover_tool,
        with_table,
        with_code,
        with_filter,
        scatter,
        with_unsorted_x,
        with_infinity,
        stacked_areas,
    ],
)
def test_plots_that_need_all_rows_load_them(
    visitor: Visitor, populated: PopulatedCloud, builder: Callable[[], Any]
) -> None:
    frame = visitor.open(populated.server.publish(builder(), builder.__name__).url)
    lengths = frame.evaluate(
        "() => [...Bokeh.documents[0]._all_models.values()]"
        ".filter((model) => model.type === 'ColumnDataSource').map((source) => source.get_length())"
    )
    assert lengths == [FEW_ROWS]
