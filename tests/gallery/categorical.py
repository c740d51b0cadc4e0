"""Categorical axes with factors and nested factors."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.model import Model
from bokeh.models import ColumnDataSource, FactorRange
from bokeh.palettes import Spectral6
from bokeh.plotting import figure
from bokeh.transform import dodge, factor_cmap, jitter, linear_cmap

from tests.gallery.registry import gallery, random

FRUITS = ["Apples", "Pears", "Nectarines", "Plums", "Grapes", "Straw\u00adberries"]
YEARS = ["2024", "2025", "2026"]


@gallery
def fruit_bars() -> Model:
    """Bars for strings, coloured by factor."""
    source = ColumnDataSource({"fruit": FRUITS, "count": [5, 3, 4, 2, 4, 6]})
    plot = figure(x_range=FRUITS, title="Fruit", width=600, height=300, toolbar_location=None)
    color = factor_cmap("fruit", palette=Spectral6, factors=FRUITS)
    plot.vbar(x="fruit", top="count", width=0.9, color=color, legend_field="fruit", source=source)
    plot.legend.orientation = "horizontal"
    plot.y_range.start = 0
    return plot


@gallery
def nested_bars() -> Model:
    """Bars for pairs of factors."""
    factors = [(fruit, year) for fruit in FRUITS[:4] for year in YEARS]
    source = ColumnDataSource({"x": factors, "count": (np.arange(12) * 5) % 7 + 1})
    plot = figure(x_range=FactorRange(*factors), title="Fruit by year", width=700, height=300)
    plot.vbar(x="x", top="count", width=0.9, source=source)
    plot.xaxis.major_label_orientation = 1
    return plot


@gallery
def deeply_nested() -> Model:
    """Factors of three levels."""
    factors = [(half, quarter, month) for half, quarter, month in HALVES]
    source = ColumnDataSource({"x": factors, "y": np.arange(1.0, 7.0)})
    plot = figure(x_range=FactorRange(*factors), title="Half a year", width=500, height=300)
    plot.line("x", "y", source=source)
    plot.scatter("x", "y", size=10, source=source)
    return plot


HALVES = [
    ("H1", "Q1", "Jan"),
    ("H1", "Q1", "Feb"),
    ("H1", "Q1", "Mar"),
    ("H1", "Q2", "Apr"),
    ("H1", "Q2", "May"),
    ("H1", "Q2", "Jun"),
]


@gallery
def dodged_and_stacked() -> Model:
    """Dodged and stacked bars from one source."""
    data = {"fruit": FRUITS} | {year: (np.arange(6) * 7 + k) % 5 + 1 for k, year in enumerate(YEARS)}
    source = ColumnDataSource(data)
    plot = figure(y_range=FRUITS, title="Dodged and stacked", width=600, height=350)
    plot.hbar_stack(YEARS, y="fruit", height=0.3, color=["#c9d9d3", "#718dbf", "#e84d60"], source=source)
    plot.hbar(y=dodge("fruit", 0.35, range=plot.y_range), right="2025", height=0.2, source=source)
    return plot


@gallery
def heat_map() -> Model:
    """Rectangles on two categorical axes, with a colour bar."""
    pairs = [(fruit, year) for fruit in FRUITS for year in YEARS]
    data = {"fruit": [p[0] for p in pairs], "year": [p[1] for p in pairs], "rate": random(4).random(18)}
    plot = figure(x_range=FRUITS, y_range=YEARS, title="Rates", width=600, height=300)
    color = linear_cmap("rate", "Viridis256", low=0, high=1)
    rects = plot.rect("fruit", "year", 1, 1, fill_color=color, line_color=None, source=ColumnDataSource(data))
    plot.add_layout(rects.construct_color_bar(padding=4), "right")
    return plot


@gallery
def jittered() -> Model:
    """Points with random offsets, which the browser adds."""
    data = {"year": YEARS * 40, "value": random(5).normal(size=120)}
    plot = figure(y_range=YEARS, title="Jitter", width=500, height=300)
    where = jitter("year", width=0.6, range=plot.y_range)
    plot.scatter("value", where, alpha=0.6, source=ColumnDataSource(data))
    return plot
