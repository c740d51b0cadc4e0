"""Publishes plots for tests."""

import numpy as np
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud import Plot
from tests.support.users import RunningCloud


def publish(cloud: RunningCloud, key: str, name: str, visibility: str = "private", scale: float = 1) -> Plot:
    """Publish a figure with one line of ten points in Ada's account."""
    plot = figure(title=f"The {name} plot", width=300, height=200)
    plot.line(np.arange(10.0), np.arange(10.0) * scale)
    published = bokeh_cloud.Server(cloud.url, apikey=key).publish(plot, name)
    path = f"/ada/plots/{published.id}"
    assert cloud.request("PATCH", path, key, json={"visibility": visibility}).ok
    return published
