"""Replaces what Bokeh's own `show` and `save` do with the objects that they get.

Scripts have imported `show` and `save` before (`from bokeh.plotting import show`), so these cannot be
replaced; instead, the private function that each of them calls is. If a version of Bokeh does not have these
functions, an error says so immediately.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import bokeh
import bokeh.io.saving
import bokeh.io.showing
from bokeh.io.state import State, curstate
from bokeh.io.util import default_filename

from bokeh_cloud.errors import CloudError

DEFAULT_TITLE = "Bokeh Plot"  # Bokeh's title of pages without one


@dataclass(frozen=True, slots=True)
class ShowCall:
    """A call of `show` or `save`.

    Attributes:
        obj: a model or several.
        filename: of the output, if the program sets one.
        title: of the page, if the program sets one.
        browser, new: arguments of `bokeh.io.show`; None for `save`.
    """

    obj: Any
    filename: str | None = None
    title: str | None = None
    browser: str | None = None
    new: str | None = None

    @property
    def is_show(self) -> bool:
        """Whether it is a call of `show`."""
        return self.new is not None


class _DefaultFilename(str):
    """A file name that Bokeh derived, since the program sets none."""

    __slots__ = ()


class ShowHandler(Protocol):
    """Handles calls of `show` and `save`."""

    def handle(self, call: ShowCall) -> None:
        """Handle a call."""


_originals: dict[tuple[Any, str], Any] = {}
_cleanups: list[Callable[[], object]] = []
_is_writing = ContextVar("_is_writing", default=False)


def hook(handler: ShowHandler, *, outlives_reset: bool = False) -> None:
    """Pass all calls of `show` and `save` to a handler.

    Args:
        handler: is called instead of Bokeh's functions.
        outlives_reset: until `unhook` is called; otherwise until `bokeh.io.reset_output` is.

    Raises:
        CloudError: this version of Bokeh is not supported.
    """
    curstate()  # creating the state resets it, so do that first
    unhook()
    bokeh_save = _original(bokeh.io.saving, "_save_helper")
    bokeh_reset = _original(State, "_reset_keeping_doc")

    def show(obj: Any, state: State, browser: str | None, new: str, **_: Any) -> None:
        handler.handle(ShowCall(obj, *_output_file(state), browser, new))

    def save(obj: Any, filename: Any, resources: Any, title: str | None, *rest: Any, **more: Any) -> None:
        _, default_title = _output_file(curstate())
        is_named = not isinstance(filename, _DefaultFilename)
        page_title = title if title not in (None, DEFAULT_TITLE) else default_title
        handler.handle(ShowCall(obj, str(filename) if is_named else None, page_title))
        if is_named:  # a named file is written, too, as output_notebook and output_file work together
            with writing():
                bokeh_save(obj, filename, resources, title, *rest, **more)

    def reset(state: State) -> None:
        if not outlives_reset:
            unhook()
        bokeh_reset(state)

    _replace(bokeh.io.showing, "_show_with_state", show)
    _replace(bokeh.io.saving, "_save_helper", save)
    _replace(bokeh.io.saving, "default_filename", lambda ext: _DefaultFilename(default_filename(ext)))
    _replace(State, "_reset_keeping_doc", reset)


@contextmanager
def writing() -> Iterator[None]:
    """Save a file of an object that was handled already."""
    token = _is_writing.set(True)
    try:
        yield
    finally:
        _is_writing.reset(token)


def is_writing() -> bool:
    """Return whether `save` is writing a file of an object that was handled already."""
    return _is_writing.get()


def at_unhook(function: Callable[[], object]) -> None:
    """Call a function at the next `unhook`."""
    _cleanups.append(function)


def unhook() -> None:
    """Restore all functions."""
    while _cleanups:
        _cleanups.pop()()
    for (owner, name), original in _originals.items():
        setattr(owner, name, original)
    _originals.clear()


def replace(names: Sequence[tuple[Any, str]], make: Callable[[Any], Any]) -> None:
    """Replace further functions, if they exist, by what `make` returns for each, until `unhook`."""
    for owner, name in names:
        if hasattr(owner, name):
            _replace(owner, name, make(getattr(owner, name)))


def _replace(owner: Any, name: str, function: Any) -> None:
    _originals[owner, name] = _original(owner, name)
    setattr(owner, name, function)


def _original(owner: Any, name: str) -> Any:
    if not hasattr(owner, name):
        raise CloudError(
            f"This version of bokeh-cloud does not support show and save of Bokeh {bokeh.__version__}: "
            "upgrade bokeh-cloud, or use Cloud().publish(fig, name)."
        )
    return getattr(owner, name)


def _output_file(state: State) -> tuple[str | None, str | None]:
    """Return the file name and the title of `output_file`."""
    if state.file is None:
        return None, None
    title = state.file.title if state.file.title != DEFAULT_TITLE else None
    return str(state.file.filename), title
