"""Objects of HoloViews and hvPlot, and of datashader through HoloViews."""

from typing import Any

import holoviews as hv
import hvplot.pandas  # adds DataFrame.hvplot
import hvplot.xarray  # noqa: F401  # adds DataArray.hvplot
import numpy as np
import pandas as pd
import xarray as xr

from tests.ecosystem.subjects import subject

hv.extension("bokeh")

X = np.linspace(0, 10, 50)
FRAME = pd.DataFrame(
    {"x": X, "sin": np.sin(X), "cos": np.cos(X), "kind": np.where(X < 5, "left", "right")}
).rename_axis("row")


@subject("holoviews")
def curve() -> Any:
    return hv.Curve((X, np.sin(X)), "x", "sin")


@subject("holoviews")
def overlay() -> Any:
    return hv.Curve((X, np.sin(X)), label="sin") * hv.Scatter((X, np.cos(X)), label="cos")


@subject("holoviews")
def layout() -> Any:
    return (hv.Curve((X, np.sin(X))) + hv.Area((X, np.cos(X)))).cols(1)


@subject("holoviews")
def bars() -> Any:
    return hv.Bars([("a", 3), ("b", 1), ("c", 2)], "group", "value")


@subject("holoviews")
def histogram() -> Any:
    return hv.Histogram(np.histogram(np.sin(X), 10))


@subject("holoviews")
def heat_map() -> Any:
    return hv.HeatMap([(i, j, i * j) for i in range(5) for j in range(4)]).opts(
        colorbar=True, tools=["hover"]
    )


@subject("holoviews")
def image() -> Any:
    return hv.Image(np.outer(np.sin(X), np.cos(X))).opts(colorbar=True)


@subject("holoviews")
def points_with_histograms() -> Any:
    return hv.Points(np.column_stack([np.sin(X), np.cos(X * 2)])).hist(dimension=["x", "y"])


@subject("holoviews")
def box_whisker() -> Any:
    return hv.BoxWhisker((list("ab") * 25, np.sin(X)), "group", "value")


@subject("holoviews")
def graph() -> Any:
    return hv.Graph(((0, 1, 2, 0), (1, 2, 3, 3)))


@subject("holoviews")
def sankey() -> Any:
    return hv.Sankey([("A", "X", 5), ("A", "Y", 7), ("B", "X", 2)])


@subject("holoviews")
def linked_layout() -> Any:
    points = hv.Points((X, np.sin(X)))
    return points.opts(tools=["box_select"]) + points.opts(color="red")


@subject("holoviews")
def table() -> Any:
    return hv.Table(FRAME.head(5))


@subject("holoviews", becomes_idle=False)
def map_with_slider() -> Any:
    return hv.HoloMap({k: hv.Curve((X, np.sin(k * X))) for k in (1, 2, 3)}, "k")


@subject("holoviews")
def grid_space() -> Any:
    return hv.GridSpace(
        {(i, j): hv.Curve((X, np.sin(X + i + j))) for i in (0, 1) for j in (0, 1)}, ["i", "j"]
    )


@subject("holoviews")
def dynamic_map() -> Any:
    return hv.DynamicMap(lambda: hv.Curve((X, np.sin(X))))


@subject("datashader")
def rasterized() -> Any:
    from holoviews.operation.datashader import rasterize

    x, y = np.random.default_rng(1).standard_normal((2, 10_000))
    return rasterize(hv.Points((x, y)), dynamic=False, width=300, height=300).opts(cnorm="eq_hist")


@subject("datashader")
def shaded() -> Any:
    from holoviews.operation.datashader import datashade

    x, y = np.random.default_rng(1).standard_normal((2, 10_000))
    return datashade(hv.Points((x, y)), dynamic=False, width=300, height=300)


@subject("hvplot")
def line() -> Any:
    return FRAME.hvplot.line(x="x", y=["sin", "cos"])


@subject("hvplot")
def scatter_by() -> Any:
    return FRAME.hvplot.scatter(x="sin", y="cos", by="kind")


@subject("hvplot", becomes_idle=False)
def grouped_with_widget() -> Any:
    return FRAME.hvplot.line(x="x", y="sin", groupby="kind")


@subject("hvplot")
def hist() -> Any:
    return FRAME.hvplot.hist("sin", bins=12)


@subject("hvplot")
def subplots() -> Any:
    return FRAME.hvplot.line(x="x", y=["sin", "cos"], subplots=True, width=300).cols(2)


@subject("hvplot")
def array() -> Any:
    values = xr.DataArray(np.outer(np.sin(X), np.cos(X)), coords={"y": X, "x": X}, dims=["y", "x"])
    return values.hvplot.quadmesh(x="x", y="y")
