"""Publish Bokeh figures to a Bokeh Cloud with one call.

>>> import bokeh_cloud
>>> server = bokeh_cloud.Server()
>>> plot = server.publish(fig, "sine")
>>> plot.url
"""

from importlib.metadata import version

from .errors import CloudError, NotFound, NotPermitted, NotPublishable, Rejected, ServerUnreachable
from .plot import Plot
from .server import Server

__all__ = [
    "CloudError",
    "NotFound",
    "NotPermitted",
    "NotPublishable",
    "Plot",
    "Rejected",
    "Server",
    "ServerUnreachable",
]
__version__ = version("bokeh-cloud")
