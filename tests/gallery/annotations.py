"""Annotations: bands, whiskers, arrows, spans, legends."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.model import Model
from bokeh.models import (
    Arrow,
    Band,
    BoxAnnotation,
    ColumnDataSource,
    NormalHead,
    PolyAnnotation,
    Slope,
    Span,
    Title,
    Whisker,
)
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


@gallery
def error_bars() -> Model:
    """A band and whiskers with coordinates from columns."""
    y = random(11).normal(size=25).cumsum()
    data = {"x": np.arange(25), "y": y, "low": y - 1, "high": y + 1}
    source = ColumnDataSource(data)
    plot = figure(title="Errors", width=600, height=300)
    plot.scatter("x", "y", source=source)
    limits = {"base": "x", "lower": "low", "upper": "high", "source": source}
    plot.add_layout(Band(**limits, fill_alpha=0.2, level="underlay"))
    plot.add_layout(Whisker(**limits))
    return plot


@gallery
def annotated() -> Model:
    """Boxes, polygons, arrows, slopes and spans, with a second title."""
    plot = figure(title="Annotated", width=500, height=350, x_range=(0, 10), y_range=(0, 10))
    plot.line([0, 10], [0, 10], legend_label="diagonal")
    plot.line([0, 10], [10, 0], legend_label="other", muted=True, muted_alpha=0.2)
    plot.add_layout(BoxAnnotation(left=2, right=4, fill_alpha=0.2, fill_color="green"))
    plot.add_layout(PolyAnnotation(xs=[6, 8, 7], ys=[2, 2, 4], fill_alpha=0.3))
    plot.add_layout(Arrow(end=NormalHead(size=12), x_start=1, y_start=8, x_end=4, y_end=6))
    plot.add_layout(Slope(gradient=0.5, y_intercept=1, line_dash="dashed"))
    plot.add_layout(Span(location=5, dimension="height", line_color="red"))
    plot.add_layout(Title(text="a second title", align="center"), "below")
    plot.legend.click_policy = "mute"
    return plot
