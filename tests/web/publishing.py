"""What the tests publish."""

import numpy as np
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.plot import Plot
from tests.integration.people import Cloud


def publish(cloud: Cloud, key: str, name: str, visibility: str = "private", scale: float = 1) -> Plot:
    plot = figure(title=f"The {name} plot", width=300, height=200)
    plot.line(np.arange(10.0), np.arange(10.0) * scale)
    published = bokeh_cloud.Server(cloud.url, apikey=key).publish(plot, name)
    path = f"/ada/plots/{published.id}"
    assert cloud.request("PATCH", path, key, json={"visibility": visibility}).ok
    return published
