"""Several plots in one document: roots, grids, tabs, and sizing modes."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.layouts import column, gridplot, layout, row
from bokeh.model import Model
from bokeh.models import BoxSelectTool, ColumnDataSource, Div, Spacer, TabPanel, Tabs
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


def xyz() -> ColumnDataSource:
    """Return a source of three columns."""
    return ColumnDataSource({name: random(9 + k).random(50) for k, name in enumerate("xyz")})


@gallery
def linked_grid() -> Model:
    """Plots that share ranges, a source and a selection."""
    source = xyz()
    source.selected.indices = [1, 5, 8]
    first = figure(width=250, height=250, title="xy", tools=[BoxSelectTool(), "pan"])
    first.scatter("x", "y", source=source)
    second = figure(width=250, height=250, title="xz", x_range=first.x_range)
    second.scatter("x", "z", source=source)
    third = figure(width=250, height=250, title="yz", y_range=first.y_range)
    third.line("z", "y", source=source)
    return gridplot([[first, second], [None, third]])


@gallery
def tabs() -> Model:
    """Tabs, of which the second is active."""
    panels = []
    for k, name in enumerate(("First", "Second", "Third")):
        plot = figure(width=400, height=250, title=name)
        plot.line(np.arange(10), np.arange(10) ** k)
        panels.append(TabPanel(child=plot, title=name))
    return Tabs(tabs=panels, active=1)


@gallery
def several_roots() -> list[Model]:
    """Three roots in one document, two of which share a source."""
    source = xyz()
    first = figure(width=400, height=200, title="First root")
    first.scatter("x", "y", source=source)
    second = figure(width=400, height=200, title="Second root")
    second.scatter("x", "z", source=source, color="crimson")
    return [first, Div(text="<b>Between the plots</b>"), second]


@gallery
def stretched() -> Model:
    """Plots that are as wide as the page."""
    plot = figure(height=200, title="Stretched", sizing_mode="stretch_width")
    plot.line([1, 2, 3], [3, 1, 2])
    narrow = figure(height=150, width=200)
    narrow.vbar(x=[1, 2], top=[1, 2], width=0.5)
    below = row(narrow, Spacer(sizing_mode="stretch_width"), Div(text="right"), sizing_mode="stretch_width")
    return column(plot, below, sizing_mode="stretch_width")


@gallery
def tall_column() -> Model:
    """A column that is taller than the window."""
    plots = []
    for k in range(5):
        plot = figure(width=500, height=220, title=f"Row {k}")
        plot.line(np.arange(50), np.sin(np.arange(50) / (k + 2)))
        plots.append(plot)
    return column(*plots)


@gallery
def mixed_layout() -> Model:
    """Nested lists of plots and text."""
    plot = figure(width=300, height=200, title="Plot")
    angles = {"start_angle": 0, "end_angle": [1, 2, 4]}
    plot.annular_wedge(x=0, y=0, inner_radius=0.3, outer_radius=0.6, **angles, alpha=0.4)
    other = figure(width=300, height=200, title="Other")
    other.wedge(x=[0, 1], y=0, radius=0.4, start_angle=0.5, end_angle=[3, 5], direction="clock")
    return layout([[Div(text="<h2>Heading</h2>")], [plot, other]])
