"""`output_server`, `output_cloud`: from then on Bokeh's own `show` and `save` publish.

output_cloud("sine")        # the cloud of cloud.cfg
show(fig)                   # publishes, and opens the plot's page
reset_output()              # show and save are Bokeh's again
"""

import sys
from pathlib import Path
from typing import Literal

from . import hooks
from .config import Configuration
from .hooks import Shown
from .plot import Plot
from .progress import in_notebook
from .server import Cloud, Server

#: How `webbrowser` calls where a page opens; Bokeh's own table has a narrower type than `show`.
NEW: dict[str, Literal[0, 1, 2]] = {"same": 0, "window": 1, "tab": 2}


def output_server(url: str | None = None, apikey: str | None = None, *, plotname: str | None = None) -> None:
    """Have `show` and `save` publish to a server.

    Args:
        url: its URL or nickname, see `Server`.
        apikey: see `Server`.
        plotname: what plots are published as; without it, plots are named after the script, the second one
            `script-2` and so on, and in a notebook or a console after their title.

    Raises:
        CloudError: see `Server`; the network is asked nothing yet.
    """
    hooks.hook(Output(Server(url, apikey=apikey), plotname))


def output_cloud(*key_and_name: str, url: str | None = None) -> None:
    """Have `show` and `save` publish: `output_cloud(plotname)` or `output_cloud(apikey, plotname)`.

    With the name alone, key and URL are those of `cloud.cfg` or the environment.

    Raises:
        TypeError: it was called otherwise.
        CloudError: see `Cloud`; the network is asked nothing yet.
    """
    if len(key_and_name) not in (1, 2):
        raise TypeError("call it as output_cloud(plotname) or output_cloud(apikey, plotname, url=...)")
    apikey = key_and_name[0] if len(key_and_name) == 2 else None
    hooks.hook(Output(Cloud(url, apikey=apikey), key_and_name[-1]))


class Output:
    """Publishes what is shown and saved, and opens what is shown."""

    def __init__(self, server: Server, name: str | None):
        self._server = server
        self._names = Names(None if is_console() else script_name())
        self._name = name

    def take(self, shown: Shown) -> None:
        """Publish it; show it in the notebook, or open its page in the browser."""
        name = self._name or self._names.of(shown)
        plot = self._server.publish(shown.obj, name, title=shown.title)
        if shown.is_show:
            view(plot, shown)


def view(plot: Plot, shown: Shown) -> None:
    """Show a plot below the notebook's cell, or open its page, unless the configuration says not to."""
    if in_notebook():
        from .notebook import display

        display(plot)
    elif Configuration.load().general.browser:
        from bokeh.util.browser import get_browser_controller

        get_browser_controller(browser=shown.browser).open(plot.url, new=NEW[shown.new or "tab"])


class Names:
    """Names for plots whose program gives none.

    In a script, that of the file that it names, or the script's own, and numbers from the second on. Without
    a script, that of the figure's title: a cell that is run again publishes a new version, not a new plot.
    """

    def __init__(self, stem: str | None):
        self._stem = stem
        self._taken: dict[str, list[object]] = {}

    def of(self, shown: Shown) -> str:
        """Return the name of what was shown; the same object keeps its name."""
        base = Path(shown.filename).stem if shown.filename else self._stem
        if base is None:
            return shown.title or _title_of(shown.obj) or "plot"
        known = self._taken.setdefault(base, [])
        if not any(shown.obj is obj for obj in known):
            known.append(shown.obj)
        number = next(place for place, obj in enumerate(known, 1) if shown.obj is obj)
        return base if number == 1 else f"{base}-{number}"


def is_console() -> bool:
    """Tell whether this is a notebook or an interactive Python, where things are done again."""
    return in_notebook() or hasattr(sys, "ps1")


def script_name() -> str | None:
    """Return the stem of the script that runs."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    return Path(path).stem if path else None


def _title_of(obj: object) -> str | None:
    title = getattr(obj, "title", None)
    text = getattr(title, "text", title)
    return text.replace("/", "-") if isinstance(text, str) and text.strip() else None
