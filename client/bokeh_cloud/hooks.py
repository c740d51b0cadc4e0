"""What Bokeh's own `show` and `save` do while something else takes their objects.

Scripts hold references to `show` and `save` from before (`from bokeh.plotting import show`), so these stay;
what is exchanged is the one private function that each of them ends in. A Bokeh that has them no longer is
told so, at once.
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

from .errors import CloudError

DEFAULT_TITLE = "Bokeh Plot"  # Bokeh's, where nobody gave one


@dataclass(frozen=True, slots=True)
class Shown:
    """What a program showed or saved, and what it said about it besides.

    Attributes:
        obj: a model or several.
        filename: the file that it would be in, where the program named one.
        title: the title of the page, where the program gave one.
        browser, new: as `bokeh.io.show` got them; None for `save`.
    """

    obj: Any
    filename: str | None = None
    title: str | None = None
    browser: str | None = None
    new: str | None = None

    @property
    def is_show(self) -> bool:
        """Whether somebody wants to see it now."""
        return self.new is not None


class _MadeUp(str):
    """A file name that no program gave, but Bokeh made up."""

    __slots__ = ()


class Taker(Protocol):
    """Who gets what is shown and saved."""

    def take(self, shown: Shown) -> None:
        """Do with it what is to be done."""


_originals: dict[tuple[Any, str], Any] = {}
_is_writing = ContextVar("_is_writing", default=False)


def hook(taker: Taker, *, outlives_reset: bool = False) -> None:
    """Give `taker` whatever is shown or saved from now on, until `unhook`, or else `reset_output`.

    Raises:
        CloudError: this Bokeh has no place for it.
    """
    curstate()  # is made, and reset, when it is first asked for
    unhook()
    real_save = _place(bokeh.io.saving, "_save_helper")
    real_reset = _place(State, "_reset_keeping_doc")

    def show(obj: Any, state: State, browser: str | None, new: str, **_: Any) -> None:
        taker.take(Shown(obj, *_of_file(state), browser, new))

    def save(obj: Any, filename: Any, resources: Any, title: str | None, *rest: Any, **more: Any) -> None:
        _, default = _of_file(curstate())
        name = str(filename)
        is_named = not isinstance(filename, _MadeUp)
        given = title if title not in (None, DEFAULT_TITLE) else default
        taker.take(Shown(obj, name if is_named else None, given))
        if is_named:  # who names a file wants it, as with output_notebook and output_file together
            with _writing():
                real_save(obj, filename, resources, title, *rest, **more)

    def reset(state: State) -> None:
        if not outlives_reset:
            unhook()
        real_reset(state)

    _exchange(bokeh.io.showing, "_show_with_state", show)
    _exchange(bokeh.io.saving, "_save_helper", save)
    _exchange(bokeh.io.saving, "default_filename", lambda ext: _MadeUp(default_filename(ext)))
    _exchange(State, "_reset_keeping_doc", reset)


@contextmanager
def _writing() -> Iterator[None]:
    token = _is_writing.set(True)
    try:
        yield
    finally:
        _is_writing.reset(token)


def is_writing() -> bool:
    """Whether `save` is writing what was taken already."""
    return _is_writing.get()


def unhook() -> None:
    """Make `show` and `save` do what Bokeh says."""
    for (owner, name), original in _originals.items():
        setattr(owner, name, original)
    _originals.clear()


def replace(names: Sequence[tuple[Any, str]], make: Callable[[Any], Any]) -> None:
    """Exchange further functions, each for what `make` makes of it, until `unhook`; those that are there."""
    for owner, name in names:
        if hasattr(owner, name):
            _exchange(owner, name, make(getattr(owner, name)))


def _exchange(owner: Any, name: str, new: Any) -> None:
    _originals[owner, name] = _place(owner, name)
    setattr(owner, name, new)


def _place(owner: Any, name: str) -> Any:
    if not hasattr(owner, name):
        raise CloudError(
            f"This bokeh-cloud does not know how Bokeh {bokeh.__version__} shows plots: upgrade it, or use "
            "Cloud().publish(fig, name)."
        )
    return getattr(owner, name)


def _of_file(state: State) -> tuple[str | None, str | None]:
    """Return the file name and the title that `output_file` was given."""
    if state.file is None:
        return None, None
    title = state.file.title if state.file.title != DEFAULT_TITLE else None
    return str(state.file.filename), title
