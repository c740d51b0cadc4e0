"""What a published plot will not do, though the document asks for it: as sentences with the way out."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import CustomJS, ImportedStyleSheet, WebDataSource
from bokeh.models.widgets.markups import Div

from bokeh_cloud.publishing.external_files import foreign_classes

PYTHON_CALLBACKS = (
    "Python callbacks (on_change or on_event) do not run, since a published plot has no Python process: use "
    "JavaScript callbacks (js_on_change, js_link, CustomJS)."
)
FOREIGN = (
    "{names} may not be displayed, since these models need JavaScript from other servers, and published "
    "plots load nothing from them: install a package that contains it."
)
PERIODIC_CALLBACKS = (
    "Periodic and timeout callbacks do not run, since a published plot has no Python process: run a program "
    "that appends rows to a DataSource of the server."
)
AJAX = (
    "{name} requests nothing, since published plots load data from their own server only: let a program "
    "store the data in a DataSource of the server, which open pages follow."
)
STYLE_SHEET = "The style sheet {url} is not loaded: use InlineStyleSheet with its text."
LOCAL_STORAGE = (
    "{name} uses {word}, which the frame of a published plot does not have: keep values in models."
)
NETWORK = "{name} uses {word}, which reaches no other server from a published plot: store the data with it."
FRAME = "An iframe in {name} is not displayed: published plots contain no pages of other servers."
IMAGE = "The image {url} in {name} is not displayed, since its address is http: use https or a data URL."

#: By the names of models that the frame of a published plot cannot display whole.
OF_CLASSES = {
    "GMapPlot": "GMap is not displayed, since it needs scripts of Google: use tiles, fig.add_tile(...).",
    "AcePlot": "CodeEditor has no colours, since it loads them when it is displayed: use Markdown.",
    "ReactiveESM": (
        "Components with modules of JavaScript (JSComponent, ReactComponent, AnyWidgetComponent) are not "
        "displayed, since published plots run no scripts that are made in the browser: use ReactiveHTML."
    ),
}

STORAGE_WORDS = re.compile(r"\b(localStorage|sessionStorage|indexedDB)\b")
NETWORK_WORDS = re.compile(r"\b(fetch\s*\(|XMLHttpRequest|WebSocket|EventSource)")
HTTP_IMAGE = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?(http://[^\"'\s>]+)", re.IGNORECASE)
IFRAME = re.compile(r"<iframe\b", re.IGNORECASE)

#: Libraries whose models have callbacks in Python that a published plot does not need.
WITHOUT_NEED = ("panel",)


def losses_of(models: Iterable[Model], document: Document | None = None) -> list[str]:
    """Return what a plot of these models will not do, each once."""
    ordered = sorted(models, key=lambda model: (type(model).__name__, model.id))
    found = [loss for look in LOOKS for model in ordered for loss in look(model)]
    if foreign := foreign_classes(ordered):
        found.insert(0, FOREIGN.format(names=", ".join(foreign)))
    if any(map(_has_python_callbacks, ordered)):
        found.insert(0, PYTHON_CALLBACKS)
    if document is not None and document.session_callbacks:
        found.insert(0, PERIODIC_CALLBACKS)
    return list(dict.fromkeys(found))


def _has_python_callbacks(model: Model) -> bool:
    """Return whether a model has callbacks in Python, other than those of `WITHOUT_NEED`."""
    callbacks = [
        callback
        for by_name in (model._callbacks, model._event_callbacks)
        for found in by_name.values()
        for callback in found
    ]
    return any(_package(callback) not in WITHOUT_NEED for callback in callbacks)


def _package(callback: Any) -> str:
    function = getattr(callback, "func", callback)  # of a functools.partial
    return str(getattr(function, "__module__", None)).partition(".")[0]


def _of_sources(model: Model) -> Iterable[str]:
    if isinstance(model, WebDataSource):
        yield AJAX.format(name=type(model).__name__)


def _of_classes(model: Model) -> Iterable[str]:
    yield from (OF_CLASSES[cls.__name__] for cls in type(model).__mro__ if cls.__name__ in OF_CLASSES)


def _of_style_sheets(model: Model) -> Iterable[str]:
    if isinstance(model, ImportedStyleSheet):
        yield STYLE_SHEET.format(url=model.url)


def _of_code(model: Model) -> Iterable[str]:
    code = model.code if isinstance(model, CustomJS) else ""
    for pattern, loss in ((STORAGE_WORDS, LOCAL_STORAGE), (NETWORK_WORDS, NETWORK)):
        for word in pattern.findall(code):
            yield loss.format(name=type(model).__name__, word=word.rstrip("( "))


def _of_markup(model: Model) -> Iterable[str]:
    text = model.text if isinstance(model, Div) and isinstance(model.text, str) else ""
    if IFRAME.search(text):
        yield FRAME.format(name=type(model).__name__)
    for url in HTTP_IMAGE.findall(text):
        yield IMAGE.format(url=url, name=type(model).__name__)


LOOKS: tuple[Callable[[Model], Iterable[str]], ...] = (
    _of_sources,
    _of_classes,
    _of_style_sheets,
    _of_code,
    _of_markup,
)
