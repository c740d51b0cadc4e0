"""Runs the cells of a notebook in IPython, without a front end, and finds what they display.

A front end draws what a cell displays by its last expression, or passes to `display`: objects of HoloViews,
hvPlot and Panel. Bokeh's models are drawn by `show` only, so they are collected separately.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bokeh.models.ui.ui_element import UIElement
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

#: Called with each object that a cell displays.
Displayed = Callable[[Any], None]

#: Classes of objects that are drawn below a cell, by the module that defines them.
DRAWN = {
    "holoviews.core.dimension": ("ViewableElement", "ViewableTree"),
    "holoviews.core.ndmapping": ("UniformNdMapping",),
    "hvplot.interactive": ("Interactive",),
    "panel.template.base": ("BaseTemplate",),
    "panel.viewable": ("ServableMixin",),
}
#: Classes of these that are displayed as text: data without a picture.
AS_TEXT = {"holoviews.core.data": ("Dataset",)}


def run_cells(cells: Iterable[str], displayed: Displayed) -> None:
    """Run cells in one shell, so that magics and `await` work; their output is not saved.

    Raises:
        Exception: any exception that a cell raises.
    """
    settings = Config({"HistoryManager": {"enabled": False}})  # of the user, which is not that of notebooks
    shell = _Shell.instance(user_ns={"__name__": "__main__"}, config=settings)
    shell.displayed = displayed
    for cell in cells:
        shell.run_cell(cell, store_history=True).raise_error()  # type: ignore[no-untyped-call]  # IPython's


def is_drawn(obj: object) -> bool:
    """Return whether a notebook draws an object; importing its library is not needed to know it."""
    return isinstance(obj, (UIElement, *_classes(DRAWN))) and type(obj) not in _classes(AS_TEXT)


class _DisplayFormatter(DisplayFormatter):
    """Passes objects that are drawn to a function, instead of rendering them for a front end."""

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Return the representations of an object by media type, and their metadata."""
        if not is_drawn(obj):
            found: tuple[Any, Any] = super().format(obj, include, exclude)  # type: ignore[no-untyped-call]  # IPython's
            return found
        shell: Any = self.parent
        shell.displayed(obj)
        return {"text/plain": f"<{type(obj).__name__}>"}, {}


class _Shell(InteractiveShell):
    """IPython's shell, in which magics that need a front end do nothing."""

    displayed: Displayed

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: there is no event loop of a front end to start."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Do as IPython, but a notebook may have `%matplotlib inline` without using it."""
        try:
            return super().enable_matplotlib(gui)  # type: ignore[no-untyped-call]  # IPython's
        except ImportError:
            return None, None

    def init_display_formatter(self) -> None:
        """Create the formatter that finds what cells display."""
        self.display_formatter = _DisplayFormatter(parent=self)


def _classes(names: Mapping[str, Sequence[str]]) -> tuple[type, ...]:
    """Return those classes whose modules are imported."""
    modules = [(sys.modules[module], found) for module, found in names.items() if module in sys.modules]
    classes = [getattr(module, name, None) for module, found in modules for name in found]
    return tuple(one for one in classes if one is not None)
