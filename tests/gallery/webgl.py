"""Figures drawn by WebGL."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.model import Model
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random


@gallery
def webgl_points() -> Model:
    """Many points."""
    numbers = random(12)
    plot = figure(title="WebGL points", width=500, height=400, output_backend="webgl")
    x = numbers.normal(size=5000)
    plot.scatter(x, numbers.normal(size=5000), size=5, alpha=0.4, line_color=None)
    return plot


@gallery
def webgl_lines() -> Model:
    """Lines and bars."""
    x = np.linspace(0, 10, 1000)
    plot = figure(title="WebGL lines", width=500, height=300, output_backend="webgl")
    plot.vbar(x=np.arange(10), top=np.arange(10) / 10, width=0.5, fill_alpha=0.3)
    plot.line(x, np.sin(x), line_width=3, line_dash="dashed")
    return plot
