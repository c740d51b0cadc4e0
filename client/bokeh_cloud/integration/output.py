"""`output_server` and `output_cloud`, after which Bokeh's own `show` and `save` publish.

output_cloud("sine")        # the cloud of cloud.cfg
show(fig)                   # publishes, prints the URL of the plot, and opens its page
reset_output()              # from here on, show and save work as before
"""

import sys
from pathlib import Path
from typing import Literal

from bokeh_cloud.config import Configuration
from bokeh_cloud.integration import show_hooks
from bokeh_cloud.integration.library_hooks import hook_libraries
from bokeh_cloud.integration.show_hooks import ShowCall
from bokeh_cloud.key_format import is_api_key
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.progress import in_notebook
from bokeh_cloud.server import Cloud, Server

#: The file name of a script that Python reads from standard input.
STANDARD_INPUT = "<stdin>"

#: Values of `new` in the module webbrowser; the type of Bokeh's own table is narrower than that of `show`.
NEW: dict[str, Literal[0, 1, 2]] = {"same": 0, "window": 1, "tab": 2}


def output_server(
    url: str | None = None, apikey: str | None = None, *, plotname: str | None = None
) -> Server:
    """Publish the objects of `show` and `save` to a server, and return it.

    Args:
        url: URL or nickname, see `Server`.
        apikey: see `Server`.
        plotname: name of the plot. Without it, plots are named after the script, the second one `script-2`
            and so on; in a notebook or a console, after their title.

    Raises:
        CloudError: see `Server`; no request is sent yet.
    """
    server = Server(url, apikey)
    _hook(PublishingHandler(server, plotname))
    return server


def output_cloud(*key_and_name: str, url: str | None = None) -> Cloud:
    """Publish the objects of `show` and `save` to a cloud, and return it.

    Write `output_cloud(plotname)`, `output_cloud(apikey)` or `output_cloud(apikey, plotname)`. Without a key,
    URL and key are those of `cloud.cfg` or the environment; without a name, see `output_server`.

    Raises:
        TypeError: there are no arguments, or more than two, or two keys.
        CloudError: see `Cloud`; no request is sent yet.
    """
    apikey, name = _key_and_name(*key_and_name)
    cloud = Cloud(url, apikey)
    _hook(PublishingHandler(cloud, name))
    return cloud


def _hook(handler: "PublishingHandler") -> None:
    show_hooks.hook(handler)
    hook_libraries(handler)


def _key_and_name(*arguments: str) -> tuple[str | None, str | None]:
    if len(arguments) == 1:
        return (arguments[0], None) if is_api_key(arguments[0]) else (None, arguments[0])
    if len(arguments) == 2 and all(map(is_api_key, arguments)):
        raise TypeError("these are two API keys: call it as output_cloud(apikey, plotname)")
    if len(arguments) == 2:
        key, name = arguments
        return (name, key) if is_api_key(name) else (key, name)
    raise TypeError("call it as output_cloud(plotname) or output_cloud(apikey, plotname, url=...)")


class PublishingHandler:
    """Publishes objects that are shown or saved, and displays those that are shown."""

    def __init__(self, server: Server, name: str | None):
        self._server = server
        self._names = PlotNames(None if is_console() else script_name())
        self._name = name

    def handle(self, call: ShowCall) -> None:
        """Publish the object, and display it if it is shown."""
        name = self._name or self._names.name_for(call)
        plot = self._server.publish(call.obj, name, title=call.title)
        if call.is_show:
            display_plot(plot, call)


def display_plot(plot: Plot, call: ShowCall) -> None:
    """Display a plot below the cell of a notebook; or print its URL, and open it if that is allowed."""
    if in_notebook():
        from bokeh_cloud.plots.notebook import display

        display(plot)
        return
    print(plot.url)  # noqa: T201  # for programs without a browser
    if Configuration.load().general.browser:
        from bokeh.util.browser import get_browser_controller

        get_browser_controller(browser=call.browser).open(plot.url, new=NEW[call.new or "tab"])


class PlotNames:
    """Derives names of plots for which the program sets none.

    In a script, it is the name of the output file, or of the script, with a number from the second plot on.
    Otherwise it is the title of the figure, so that a cell that runs again publishes a version, not a plot.

    Args:
        stem: of the script; None if there is no script.
    """

    def __init__(self, stem: str | None):
        self._stem = stem
        self._objects: dict[str, list[object]] = {}

    def name_for(self, call: ShowCall) -> str:
        """Return the name of an object; the same object always gets the same name."""
        base = Path(call.filename).stem if call.filename else self._stem
        if base is None:
            return call.title or _title_of(call.obj) or "plot"
        known = self._objects.setdefault(base, [])
        if not any(call.obj is obj for obj in known):
            known.append(call.obj)
        number = next(index for index, obj in enumerate(known, 1) if call.obj is obj)
        return base if number == 1 else f"{base}-{number}"


def is_console() -> bool:
    """Return whether this is a notebook or an interactive Python, in which code is often repeated."""
    return in_notebook() or hasattr(sys, "ps1")


def script_name() -> str | None:
    """Return the name of the running script, without its suffix; None without a file."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    return Path(path).stem if path and path != STANDARD_INPUT else None


def _title_of(obj: object) -> str | None:
    title = getattr(obj, "title", None)
    text = getattr(title, "text", title)
    return text.replace("/", "-") if isinstance(text, str) and text.strip() else None
