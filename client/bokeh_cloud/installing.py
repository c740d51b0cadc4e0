"""`install()`: puts `Server`, `Cloud`, `output_server` and `output_cloud` into Bokeh's own modules."""

import bokeh
import bokeh.io
import bokeh.plotting

from .errors import CloudError
from .output import output_cloud, output_server
from .server import Cloud, Server

PLACES = (
    (bokeh, "Server", Server),
    (bokeh, "Cloud", Cloud),
    (bokeh.io, "output_server", output_server),
    (bokeh.io, "output_cloud", output_cloud),
    (bokeh.plotting, "output_server", output_server),
    (bokeh.plotting, "output_cloud", output_cloud),
)


def install() -> None:
    """Add `Server` and `Cloud` to `bokeh`, `output_server` and `output_cloud` to `bokeh.plotting` and `.io`.

    Doing it twice does nothing more.

    Raises:
        CloudError: Bokeh has something of that name; then nothing is changed.
    """
    for module, name, ours in PLACES:
        theirs = getattr(module, name, ours)
        if theirs is not ours:
            raise CloudError(
                f"{module.__name__}.{name} is Bokeh's own since Bokeh {bokeh.__version__}, and stays so: "
                f"use bokeh_cloud.{name}."
            )
    for module, name, ours in PLACES:
        setattr(module, name, ours)
