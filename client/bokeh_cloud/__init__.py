"""Publish Bokeh figures to a Bokeh Cloud with one call.

>>> import bokeh_cloud
>>> cloud = bokeh_cloud.Cloud()
>>> plot = cloud.publish(fig, "sine")
>>> plot.url
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .errors import CloudError, NotFound, NotPermitted, NotPublishable, Rejected, ServerUnreachable
from .plot import Plot
from .server import Cloud, Server
from .sharing import Share

if TYPE_CHECKING:  # these import Bokeh, which takes half a second
    from .installing import install
    from .output import output_cloud, output_server

__all__ = [
    "Cloud",
    "CloudError",
    "NotFound",
    "NotPermitted",
    "NotPublishable",
    "Plot",
    "Rejected",
    "Server",
    "ServerUnreachable",
    "Share",
    "install",
    "output_cloud",
    "output_server",
]
__version__ = version("bokeh-cloud")

_LAZY = {"install": "installing", "output_cloud": "output", "output_server": "output"}


def __getattr__(name: str) -> Any:
    """Import what needs Bokeh when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
