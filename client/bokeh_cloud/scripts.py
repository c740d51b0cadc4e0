"""Runs a script, a notebook or a document that knows nothing of Bokeh Cloud, and collects what it would show.

Collected are the objects of `show` and `save`, of the functions of `bokeh.embed` (`file_html`, `components`,
`json_item`, `autoload_static`), and, where there was nothing of these, what the script added to `curdoc()`.
"""

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import bokeh.embed
import bokeh.embed.standalone
import bokeh.io.output
import bokeh.io.showing
from bokeh.core.serialization import DeserializationError
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.io.state import curstate

from . import hooks
from .errors import CloudError, NotPublishable
from .hooks import Shown
from .output import Names

EMBEDDING = ("file_html", "components", "json_item", "autoload_static")

#: Called with the name, the object and the title of each plot, while the script still runs.
Publish = Callable[[str, Any, str | None], None]


def publish_file(path: Path, arguments: Sequence[str], name: str | None, publish: Publish) -> None:
    """Run or read a file, and publish what it shows.

    Args:
        path: a script (.py), a notebook (.ipynb) or a document (.json).
        arguments: what the script finds in `sys.argv`.
        name: what the first plot is published as; without it, the name of the script's output, or its own.
        publish: see `Publish`.

    Raises:
        CloudError: there is no such file, it is none of these, or it shows nothing.
        Exception: whatever the script raises.
    """
    if not path.is_file():
        raise CloudError(f"There is no file {path}.")
    runner = RUNNERS.get(path.suffix)
    if runner is None:
        raise CloudError(f"{path} is no script (.py), notebook (.ipynb) or document (.json).")
    collector = _Collector(Names(name or path.stem), bool(name), publish)
    with _collecting(collector):
        runner(path, arguments)
        if not collector.count and curdoc().roots:
            collector.take(Shown(curdoc(), title=_own_title(curdoc())))
    if not collector.count:
        raise NotPublishable(
            f"{path} ran, and showed nothing: it has to call show or save, or add something to curdoc()."
        )


class _Collector:
    """Publishes each thing once it is shown, since scripts change and show it again."""

    def __init__(self, names: Names, is_named: bool, publish: Publish):
        self._names = names
        self._is_named = is_named
        self._publish = publish
        self.count = 0

    def take(self, shown: Shown) -> None:
        self.count += 1
        named = Shown(shown.obj, None if self._is_named else shown.filename)
        self._publish(self._names.of(named), shown.obj, shown.title)


@contextmanager
def _collecting(collector: _Collector) -> Iterator[None]:
    curstate().reset()
    hooks.hook(collector, outlives_reset=True)
    places = [(owner, name) for name in EMBEDDING for owner in (bokeh.embed, bokeh.embed.standalone)]
    hooks.replace(places, lambda function: _also_collecting(function, collector))
    notebook = [(owner, "run_notebook_hook") for owner in (bokeh.io.output, bokeh.io.showing)]
    hooks.replace(notebook, _no_notebook)
    try:
        yield
    finally:
        hooks.unhook()


def _also_collecting(function: Callable[..., Any], collector: _Collector) -> Callable[..., Any]:
    @wraps(function)
    def collecting(*arguments: Any, **more: Any) -> Any:
        if hooks.is_writing():
            return function(*arguments, **more)
        embedded = arguments[0] if arguments else next(iter(more.values()))
        obj = list(embedded.values()) if isinstance(embedded, dict) else embedded
        title = more.get("title", arguments[2] if len(arguments) > 2 else None)
        collector.take(Shown(obj, title=title if isinstance(title, str) else None))
        return function(*arguments, **more)

    return collecting


def _no_notebook(_: Callable[..., Any]) -> Callable[..., Any]:
    """Stand in for the hooks of notebooks: there is none here, and an application cannot be published."""

    def stand_in(*called: Any, **_: Any) -> None:
        if called[1] == "app":
            raise NotPublishable(
                "A Bokeh application needs a Bokeh server with Python: it cannot be published. Publish the "
                "figure or the layout in it."
            )

    return stand_in


def _own_title(document: Document) -> str | None:
    return document.title if document.title != "Bokeh Application" else None


def _run_script(path: Path, arguments: Sequence[str]) -> None:
    before = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise CloudError(f"{path} ended itself with {end.code!r}.") from end
    finally:
        sys.argv, sys.path[:] = before


def _run_notebook(path: Path, _: Sequence[str]) -> None:
    """Run the cells in one IPython shell, so that magics and `await` work; what they display is not kept."""
    try:
        from IPython.core.interactiveshell import InteractiveShell
    except ImportError:
        raise CloudError("Running a notebook needs: pip install bokeh-cloud[notebook]") from None
    shell = InteractiveShell.instance(user_ns={"__name__": "__main__"})
    for cell in _code_cells(path):
        shell.run_cell(cell).raise_error()  # type: ignore[no-untyped-call]  # IPython's


def _code_cells(path: Path) -> list[str]:
    cells = _json_of(path, "notebook").get("cells", [])
    return ["".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]


def _read_document(path: Path, _: Sequence[str]) -> None:
    content = _json_of(path, "document")
    try:
        document = Document.from_json(content.get("doc", content))  # json_item has it under "doc"
    except (DeserializationError, KeyError, TypeError) as error:
        raise NotPublishable(
            f"{path} is no document that Bokeh can read ({error}); one is written by Document.to_json()."
        ) from error
    curstate().document = document


def _json_of(path: Path, kind: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CloudError(f"{path} is no {kind}: {error}.") from error
    if not isinstance(found, dict):
        raise CloudError(f"{path} is no {kind}: there is no object at its top.")
    return found


RUNNERS: dict[str, Callable[[Path, Sequence[str]], None]] = {
    ".py": _run_script,
    ".ipynb": _run_notebook,
    ".json": _read_document,
}
