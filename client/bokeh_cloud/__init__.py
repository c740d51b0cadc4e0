"""Publish Bokeh figures to a Bokeh Cloud with one call.

>>> import bokeh_cloud
>>> cloud = bokeh_cloud.Cloud()
>>> plot = cloud.publish(fig, "sine")
>>> plot.url
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bokeh_cloud.errors import (
    BufferFull,
    CloudError,
    Incomplete,
    InvalidArgument,
    NotFound,
    NotPermitted,
    NotPublishable,
    Rejected,
    ServerUnreachable,
)
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.plots.shares import Share
from bokeh_cloud.server import Cloud, Server

if TYPE_CHECKING:  # these import Bokeh, which takes half a second
    from bokeh_cloud.data.sources import RemoteDataSource
    from bokeh_cloud.integration.install import install
    from bokeh_cloud.integration.output import output_cloud, output_server

__all__ = [
    "BufferFull",
    "Cloud",
    "CloudError",
    "Incomplete",
    "InvalidArgument",
    "NotFound",
    "NotPermitted",
    "NotPublishable",
    "Plot",
    "Rejected",
    "RemoteDataSource",
    "Server",
    "ServerUnreachable",
    "Share",
    "install",
    "output_cloud",
    "output_server",
]
__version__ = version("bokeh-cloud")

_LAZY_NAMES = {
    "RemoteDataSource": "data.sources",
    "install": "integration.install",
    "output_cloud": "integration.output",
    "output_server": "integration.output",
}


def __getattr__(name: str) -> Any:
    """Import the names that need Bokeh when they are first used (PEP 562)."""
    if name not in _LAZY_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY_NAMES[name]}"), name)


def __dir__() -> list[str]:
    """Return what is public, and not the modules and helpers that happen to be imported."""
    return sorted([*__all__, "__doc__", "__version__"])
