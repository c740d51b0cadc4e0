"""Messages about objects that cannot be published, which say what can be published instead."""

from bokeh.model import Model

from bokeh_cloud.errors import NotPublishable

#: What to publish instead, by the top-level package of an object's class.
INSTEAD = {
    "matplotlib": "panel.pane.Matplotlib(fig, dpi=144), which shows its picture",
    "plotly": "panel.pane.Plotly(fig)",
    "altair": "panel.pane.Vega(chart)",
    "pandas": 'df.hvplot() with hvplot, a Bokeh figure of it, or store it by server.DataSource("name", df)',
    "polars": 'df.hvplot() with hvplot, a Bokeh figure of it, or store it by server.DataSource("name", df)',
    "pyarrow": 'a Bokeh figure of it, or store it by server.DataSource("name", table)',
    "xarray": 'ds.hvplot() with hvplot, a Bokeh figure of it, or store it by server.DataSource("name", ds)',
    "numpy": 'a Bokeh figure of it, or store it by server.DataSource("name", y=values)',
    "seaborn": "panel.pane.Matplotlib(grid.figure), which shows its picture",
    "plotnine": "panel.pane.Matplotlib(plot.draw()), which shows its picture",
    "PIL": "panel.pane.Image(image), or a Bokeh figure with image_rgba",
}


def refuse(obj: object) -> NotPublishable:
    """Return the error about an object that is not a Bokeh object and cannot become one."""
    cls = type(obj)
    package = cls.__module__.partition(".")[0]
    if isinstance(obj, Model):
        return NotPublishable(
            f"{cls.__name__} is not displayed by itself: publish the figure or layout with it."
        )
    name = cls.__name__ if package in ("builtins", "__main__") else f"{cls.__module__}.{cls.__name__}"
    if package in INSTEAD:
        return NotPublishable(f"{name} is not a Bokeh object: publish {INSTEAD[package]}.")
    return NotPublishable(
        f"{name} is not a Bokeh object: publish a figure, a layout, a list or dictionary of these, or a "
        "Document, or an object of HoloViews, hvPlot or Panel."
    )
