"""JavaScript in a document, except for that of widgets."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.document import Document
from bokeh.events import Tap
from bokeh.model import Model
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    CustomJS,
    CustomJSExpr,
    CustomJSFilter,
    CustomJSHover,
    CustomJSTickFormatter,
    CustomJSTransform,
    HoverTool,
)
from bokeh.plotting import figure
from bokeh.transform import transform

from tests.gallery.registry import gallery


@gallery
def tick_code() -> Model:
    """Computed ticks and tooltips."""
    plot = figure(title="Computed ticks", width=500, height=300)
    plot.line(np.arange(20), np.arange(20) ** 2)
    plot.xaxis.formatter = CustomJSTickFormatter(code="return `no. ${tick}`")
    shout = CustomJSHover(code="return special_vars.name + value.toFixed(1)")
    plot.add_tools(HoverTool(tooltips=[("y", "@y{custom}")], formatters={"@y": shout}))
    return plot


@gallery
def data_code() -> Model:
    """Computed values, positions and rows."""
    source = ColumnDataSource({"x": np.arange(30.0), "y": np.cos(np.arange(30) / 4)})
    odd = CustomJSFilter(code="return [...Array(source.get_length()).keys()].filter((i) => i % 2)")
    double = CustomJSTransform(v_func="return xs.map((x) => 2 * x)", func="return 2 * x")
    plot = figure(title="Computed data", width=500, height=300)
    plot.line("x", "y", source=source)
    plot.scatter("x", transform("y", double), source=source, view=CDSView(filter=odd), size=8)
    expression = CustomJSExpr(code="return this.data.y.map((y) => y - 1)")
    plot.line("x", {"expr": expression}, source=source, color="crimson")
    return plot


@gallery
def array_arguments() -> Model:
    """Arrays as arguments of code, outside of data sources."""
    plot = figure(title="Lookup", width=400, height=250)
    plot.scatter([1, 2, 3], [1, 2, 3], size=12)
    arguments = {
        "lookup": np.linspace(0, 1, 100),
        "matrix": np.arange(6, dtype="int16").reshape(2, 3),
        "names": ["a", "b"],
        "nothing": np.array([], dtype="float32"),
    }
    plot.js_on_event(Tap, CustomJS(args=arguments, code="console.log(lookup.length, matrix.shape)"))
    return plot


@gallery
def document_events() -> Document:
    """Code that changes the plot's title when the document is ready."""
    plot = figure(title="before", width=400, height=250)
    plot.scatter([1, 2, 3], [3, 1, 2], size=12)
    document = Document(title="Événements")
    document.add_root(plot)
    ready = CustomJS(args={"title": plot.title}, code="title.text = 'after'")
    document.js_on_event("document_ready", ready)
    return document
