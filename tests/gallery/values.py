"""Shared columns, filtered views, data models, and arrays outside of data sources."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.core.properties import Float, List, String
from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.model import DataModel, Model
from bokeh.models import (
    BooleanFilter,
    CDSView,
    ColumnDataSource,
    CustomJS,
    FixedTicker,
    GroupFilter,
    IndexFilter,
    Slider,
)
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


class Wave(DataModel):
    """A data model, whose definition is part of the document."""

    amplitude = Float(default=1)
    label = String(default="wave")
    phases = List(Float, default=[])


@gallery
def data_model() -> Model:
    """A data model as an argument of code."""
    wave = Wave(amplitude=2.5, label="größer", phases=[0, 0.5])
    plot = figure(title="Data model", width=400, height=250)
    plot.line([0, 1, 2], [0, 2.5, 0])
    control = Slider(start=0, end=5, value=2.5, title="Amplitude")
    control.js_on_change("value", CustomJS(args={"wave": wave}, code="wave.amplitude = cb_obj.value"))
    return column(control, plot)


@gallery
def same_column_twice() -> Model:
    """Two sources with equal columns, one of which has the same array under two names."""
    x, y = np.linspace(0, 5, 100), random(13).normal(size=100)
    first = ColumnDataSource({"x": x, "y": y})
    second = ColumnDataSource({"x": x.copy(), "y": y * 2, "x again": x})
    plots = []
    for source in (first, second):
        plot = figure(width=300, height=250)
        plot.line("x", "y", source=source)
        plots.append(plot)
    plots[1].line("x", "x again", source=second, color="crimson")
    return row(*plots)


@gallery
def filtered_views() -> Model:
    """One source with several filtered views."""
    kinds = np.array(["a", "b", "c"] * 20)
    source = ColumnDataSource({"x": np.arange(60), "y": random(14).random(60), "kind": kinds})
    views = {
        "red": IndexFilter(list(range(0, 60, 7))),
        "green": BooleanFilter([value % 5 == 0 for value in range(60)]),
        "blue": GroupFilter(column_name="kind", group="b") & ~IndexFilter([1, 4]),
    }
    plot = figure(title="Views", width=500, height=300)
    plot.line("x", "y", source=source, color="lightgray")
    for color, rows in views.items():
        plot.scatter("x", "y", source=source, view=CDSView(filter=rows), color=color, size=9, alpha=0.6)
    return plot


@gallery
def array_ticks() -> Model:
    """Ticks from an array outside of data sources."""
    plot = figure(title="Ticks", width=500, height=250, x_range=(0, 10))
    plot.line([0, 10], [0, 1])
    plot.xaxis.ticker = FixedTicker(ticks=np.array([0.5, 2.25, 7.125]), minor_ticks=np.arange(11))
    plot.ygrid.band_fill_alpha = 0.1
    return plot


@gallery
def empty_plot() -> Document:
    """A document with a title and a plot without data."""
    document = Document(title="Nothing yet")
    document.add_root(figure(title="Nothing yet", width=300, height=200, x_range=(0, 1), y_range=(0, 1)))
    return document
