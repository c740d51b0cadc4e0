"""Runs a script, a notebook or a document that does not use Bokeh Cloud, and publishes what it shows.

These are the objects of `show` and `save`, of the functions of `bokeh.embed` (`file_html`, `components`,
`json_item`, `autoload_static`), what cells of a notebook display, and, if there is none of these, the roots
of `curdoc()`.
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
from bokeh.model import Model

from bokeh_cloud.errors import CloudError, NotPublishable
from bokeh_cloud.integration import show_hooks
from bokeh_cloud.integration.library_hooks import hook_libraries
from bokeh_cloud.integration.output import PlotNames
from bokeh_cloud.integration.show_hooks import ShowCall
from bokeh_cloud.publishing.json_values import restore_values

EMBED_FUNCTIONS = ("file_html", "components", "json_item", "autoload_static")

#: Called with the name, the object and the title of each plot, while the script is running.
Publish = Callable[[str, Any, str | None], None]


def publish_file(path: Path, arguments: Sequence[str], name: str | None, publish: Publish) -> None:
    """Run or read a file, and publish what it shows.

    Args:
        path: a script (.py), a notebook (.ipynb) or a document (.json).
        arguments: of the script, for `sys.argv`.
        name: of the first plot; by default the name of the script's output, or of the script.
        publish: see `Publish`.

    Raises:
        CloudError: there is no such file, its type is not supported, or it shows nothing.
        Exception: any exception that the script raises.
    """
    if not path.is_file():
        raise CloudError(f"There is no file {path}.")
    runner = RUNNERS.get(path.suffix)
    if runner is None:
        raise CloudError(f"{path} is not a script (.py), notebook (.ipynb) or document (.json).")
    collector = _Collector(PlotNames(name or path.stem), bool(name), publish)
    with _collecting(collector):
        runner(path, arguments, collector)
        collector.handle_served()
        collector.handle_displayed()
        if not collector.count and curdoc().roots:
            collector.handle(ShowCall(curdoc(), title=_document_title(curdoc())))
    if not collector.count:
        raise NotPublishable(_explain_nothing(path))


class _Collector:
    """Publishes each object immediately, since scripts may change and show it again."""

    def __init__(self, names: PlotNames, is_named: bool, publish: Publish):
        self._names = names
        self._is_named = is_named
        self._publish = publish
        self.count = 0
        self.served: list[Any] = []
        self._displayed_models: list[Model] = []

    def display(self, obj: Any) -> None:
        """Handle what a cell of a notebook displays; models of Bokeh wait, as show may follow."""
        if isinstance(obj, Model):
            self._displayed_models.append(obj)
        elif not any(obj is served for served in self.served):
            self.handle(ShowCall(obj))

    def handle_displayed(self) -> None:
        """Handle the models that cells end with, if nothing else was shown."""
        if not self.count:
            for model in self._displayed_models:
                self.handle(ShowCall(model))

    def handle_served(self) -> None:
        """Handle the objects that an application of Panel serves, as one."""
        if self.served:
            self.handle(ShowCall(self.served if len(self.served) > 1 else self.served[0]))

    def handle(self, call: ShowCall) -> None:
        self.count += 1
        named_call = ShowCall(call.obj, None if self._is_named else call.filename)
        self._publish(self._names.name_for(named_call), call.obj, call.title)


@contextmanager
def _collecting(collector: _Collector) -> Iterator[None]:
    curstate().reset()
    show_hooks.hook(collector, outlives_reset=True)
    hook_libraries(collector, collector.served.append)
    embed = [(owner, name) for name in EMBED_FUNCTIONS for owner in (bokeh.embed, bokeh.embed.standalone)]
    show_hooks.replace(embed, lambda function: _with_collecting(function, collector))
    notebook = [(owner, "run_notebook_hook") for owner in (bokeh.io.output, bokeh.io.showing)]
    show_hooks.replace(notebook, _without_notebook)
    try:
        yield
    finally:
        show_hooks.unhook()


def _with_collecting(function: Callable[..., Any], collector: _Collector) -> Callable[..., Any]:
    @wraps(function)
    def collect(*arguments: Any, **more: Any) -> Any:
        if show_hooks.is_writing():
            return function(*arguments, **more)
        embedded = arguments[0] if arguments else next(iter(more.values()))
        obj = list(embedded.values()) if isinstance(embedded, dict) else embedded
        title = more.get("title", arguments[2] if len(arguments) > 2 else None)
        collector.handle(ShowCall(obj, title=title if isinstance(title, str) else None))
        return function(*arguments, **more)

    return collect


def _without_notebook(_: Callable[..., Any]) -> Callable[..., Any]:
    """Replace Bokeh's hooks for notebooks: nothing is displayed, and an application is an error."""

    def run_notebook_hook(*arguments: Any, **_: Any) -> None:
        if arguments[1] == "app":
            raise NotPublishable(
                "A Bokeh application cannot be published, since it needs a Bokeh server with Python. Publish "
                "its figure or layout."
            )

    return run_notebook_hook


def _document_title(document: Document) -> str | None:
    return document.title if document.title not in ("", "Bokeh Application") else None


def _explain_nothing(path: Path) -> str:
    ways = "it must call show or save, or add a model to curdoc()"
    if path.suffix == ".ipynb":
        ways += ", or a cell must end with a figure, a layout, or an object of HoloViews, hvPlot or Panel"
    return f"{path} showed nothing: {ways}."


def _run_script(path: Path, arguments: Sequence[str], _: _Collector) -> None:
    before = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise CloudError(f"{path} exited with {end.code!r}.") from end
    finally:
        sys.argv, sys.path[:] = before


def _run_notebook(path: Path, _: Sequence[str], collector: _Collector) -> None:
    try:
        from bokeh_cloud.integration.notebook_shell import run_cells
    except ImportError:
        raise CloudError("Running a notebook needs: pip install ipython") from None
    run_cells(_code_cells(path), collector.display)


def _code_cells(path: Path) -> list[str]:
    cells = _read_json(path, "notebook").get("cells", [])
    return ["".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]


def _read_document(path: Path, _: Sequence[str], __: _Collector) -> None:
    content = _read_json(path, "document")
    try:
        document = Document.from_json(restore_values(_complete(content.get("doc", content))))  # of json_item
    except (DeserializationError, KeyError, TypeError, ValueError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise NotPublishable(
            f"{path} is not a document that Bokeh can read ({reason}), as Document.to_json() returns it."
        ) from error
    curstate().document = document


def _complete(content: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a document with what those of earlier versions of Bokeh lack."""
    return {"config": Document().to_json(deferred=False).get("config"), **content}


def _read_json(path: Path, kind: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CloudError(f"{path} is not a {kind}: {error}.") from error
    if not isinstance(content, dict):
        raise CloudError(f"{path} is not a {kind}: its JSON is not an object.")
    return content


RUNNERS: dict[str, Callable[[Path, Sequence[str], _Collector], None]] = {
    ".py": _run_script,
    ".ipynb": _run_notebook,
    ".json": _read_document,
}
