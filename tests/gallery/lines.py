"""Lines and areas on numeric axes."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.model import Model
from bokeh.models import ColumnDataSource, LinearAxis, Range1d
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


@gallery
def sine() -> Model:
    """A single line."""
    x = np.linspace(0, 4 * np.pi, 200)
    plot = figure(title="Sine", width=600, height=300, x_axis_label="x", y_axis_label="sin x")
    plot.line(x, np.sin(x), line_width=2, legend_label="sin")
    return plot


@gallery
def random_walk() -> Model:
    """A line of many points."""
    plot = figure(title="Random walk", width=700, height=300)
    plot.line(np.arange(20_000), random().normal(size=20_000).cumsum())
    return plot


@gallery
def nan_and_infinity() -> Model:
    """Gaps by NaN and both infinities, in arrays and in lists."""
    y = np.sin(np.linspace(0, 6, 60))
    y[10:14], y[30], y[40] = np.nan, np.inf, -np.inf
    plot = figure(title="Gaps", width=500, height=300, y_range=(-2, 2))
    plot.line(np.arange(60.0), y)
    plot.scatter([5.0, float("nan"), 20.0, 25.0], [1.5, 1.0, float("inf"), -1.5], size=12)
    return plot


@gallery
def ragged_lines() -> Model:
    """Lines of different lengths, as lists of arrays and as lists of lists."""
    parts = [np.linspace(0, n, 10 * n) for n in (1, 2, 3)]
    plot = figure(title="Ragged", width=500, height=300)
    plot.multi_line(xs=parts, ys=[np.sqrt(part) for part in parts], color=["red", "green", "blue"])
    plot.multi_line(xs=[[0, 1], [1, 2, 3]], ys=[[1, 2], [2, 1, 2]], line_dash="dashed")
    return plot


@gallery
def areas() -> Model:
    """Areas, stacked areas and steps."""
    data = {"x": np.arange(10), "low": np.arange(10) * 0.5, "high": np.arange(10) * 1.5 + 1}
    plot = figure(title="Areas", width=500, height=300)
    plot.varea(x="x", y1="low", y2="high", fill_alpha=0.3, source=ColumnDataSource(data))
    plot.varea_stack(["low", "high"], x="x", color=["#cccccc", "#99bbdd"], alpha=0.4, source=data)
    plot.step(x="x", y="high", mode="center", source=ColumnDataSource(data))
    return plot


@gallery
def two_scales() -> Model:
    """A logarithmic axis, and a second axis on the right."""
    x = np.linspace(0.1, 5, 80)
    plot = figure(title="Two scales", width=600, height=350, y_axis_type="log")
    plot.line(x, 10**x)
    plot.extra_y_ranges = {"right": Range1d(0, 6)}
    plot.add_layout(LinearAxis(y_range_name="right", axis_label="linear"), "right")
    plot.scatter(x, x, y_range_name="right", marker="triangle", color="orange", size=6)
    return plot


@gallery
def markers() -> Model:
    """Ten kinds of markers, with sizes and colours from columns."""
    names = ["circle", "square", "triangle", "diamond", "asterisk", "cross", "hex", "star", "x", "plus"]
    data = {
        "x": np.arange(10),
        "y": np.arange(10) % 3,
        "size": np.linspace(5, 30, 10),
        "marker": names,
        "color": [f"#{value:02x}40{255 - value:02x}" for value in range(0, 250, 25)],
    }
    plot = figure(title="Markers", width=600, height=250, x_range=(-1, 10), y_range=(-1, 3))
    plot.scatter("x", "y", size="size", marker="marker", color="color", source=ColumnDataSource(data))
    return plot
