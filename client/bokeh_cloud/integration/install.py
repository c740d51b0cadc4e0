"""`install()`: adds `Server`, `Cloud`, `output_server` and `output_cloud` to Bokeh's own modules."""

import bokeh
import bokeh.io
import bokeh.plotting

from bokeh_cloud.errors import CloudError
from bokeh_cloud.integration.output import output_cloud, output_server
from bokeh_cloud.server import Cloud, Server

ADDITIONS = (
    (bokeh, "Server", Server),
    (bokeh, "Cloud", Cloud),
    (bokeh.io, "output_server", output_server),
    (bokeh.io, "output_cloud", output_cloud),
    (bokeh.plotting, "output_server", output_server),
    (bokeh.plotting, "output_cloud", output_cloud),
)


def install() -> None:
    """Add `Server` and `Cloud` to `bokeh`, `output_server` and `output_cloud` to `bokeh.plotting` and `.io`.

    Calling it again does nothing.

    Raises:
        CloudError: Bokeh defines one of these names itself; nothing is changed.
    """
    for module, name, addition in ADDITIONS:
        if getattr(module, name, addition) is not addition:
            raise CloudError(
                f"Bokeh {bokeh.__version__} defines {module.__name__}.{name} itself, so it is not replaced: "
                f"use bokeh_cloud.{name}."
            )
    for module, name, addition in ADDITIONS:
        setattr(module, name, addition)
