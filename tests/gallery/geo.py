"""Polygons with holes, patches, GeoJSON, hexagons and contours."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import json

import numpy as np
from bokeh.model import Model
from bokeh.models import ColumnDataSource, GeoJSONDataSource
from bokeh.plotting import figure
from bokeh.transform import linear_cmap

from tests.gallery.images import waves
from tests.gallery.registry import gallery, random


def ring(x: float, y: float, radius: float, corners: int) -> tuple[list[float], list[float]]:
    """Return the coordinates of a regular polygon."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return (x + radius * np.cos(angles)).tolist(), (y + radius * np.sin(angles)).tolist()


@gallery
def islands_with_lakes() -> Model:
    """Multi-polygons with holes."""
    big, lake, isle, far = ring(0, 0, 2, 8), ring(0, 0, 1, 5), ring(3, 1, 0.5, 6), ring(6, 0, 1.5, 4)
    data = {
        "xs": [[[big[0], lake[0]], [isle[0]]], [[far[0]]]],
        "ys": [[[big[1], lake[1]], [isle[1]]], [[far[1]]]],
        "name": ["Archipelago", "Far"],
        "color": ["olivedrab", "peru"],
    }
    plot = figure(title="Islands", width=600, height=300, match_aspect=True)
    plot.multi_polygons("xs", "ys", fill_color="color", line_color="black", source=ColumnDataSource(data))
    return plot


@gallery
def patches_with_gaps() -> Model:
    """Patches of different lengths, one of them split by NaN."""
    split = np.array([0, 1, 1, np.nan, 2, 3, 3])
    xs = [split, np.array([4.0, 5, 4.5])]
    ys = [np.array([0, 0, 1, np.nan, 0, 0, 1]), np.array([0.0, 0, 1])]
    plot = figure(title="Patches", width=500, height=250)
    plot.patches(xs=xs, ys=ys, fill_color=["teal", "gold"], line_width=2)
    return plot


@gallery
def geojson() -> Model:
    """A GeoJSON source."""
    x, y = ring(0, 0, 1, 6)
    corners = [list(pair) for pair in zip([*x, x[0]], [*y, y[0]], strict=True)]
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": kind, "coordinates": where}}
        for name, kind, where in (("Straße", "Polygon", [corners]), ("b", "Point", [2, 0]))
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    source = GeoJSONDataSource(geojson=text)
    plot = figure(title="GeoJSON", width=450, height=300)
    plot.patches("xs", "ys", fill_color="skyblue", source=source)
    plot.scatter("x", "y", size=14, color="crimson", source=source)
    return plot


@gallery
def hexagons() -> Model:
    """Hexagonal bins."""
    numbers = random(7)
    plot = figure(title="Hexagons", width=450, height=400, match_aspect=True, background_fill_color="#440154")
    plot.hexbin(numbers.standard_normal(500), numbers.standard_normal(500), size=0.3, palette="Viridis256")
    return plot


@gallery
def contours() -> Model:
    """Filled contours with a colour bar, whose columns are lists of arrays."""
    x, y = np.linspace(0, 9, 60), np.linspace(0, 6, 40)
    plot = figure(title="Contours", width=550, height=350)
    filled = plot.contour(
        x=x,
        y=y,
        z=waves(40, 60),
        levels=np.linspace(-1, 1, 9),
        fill_color=["#0d0887", "#5302a3", "#8b0aa5", "#b83289", "#db5c68", "#f48849", "#febd2a", "#f0f921"],
        line_color="white",
    )
    plot.add_layout(filled.construct_color_bar(), "right")
    return plot


@gallery
def colored_points() -> Model:
    """Points coloured by a column of another dtype."""
    numbers = random(8)
    data = {"x": numbers.random(200), "y": numbers.random(200)}
    data["depth"] = numbers.integers(0, 255, 200, "uint8")
    plot = figure(title="Depths", width=450, height=350)
    color = linear_cmap("depth", "Turbo256", low=0, high=255)
    plot.scatter("x", "y", color=color, size=8, source=ColumnDataSource(data))
    return plot
