"""What a published plot will not do is said when it is published."""

from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import (
    AjaxDataSource,
    CustomJS,
    ImportedStyleSheet,
    ServerSentDataSource,
)
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.markups import Div
from bokeh.plotting import figure

from bokeh_cloud.publishing.losses import PERIODIC_CALLBACKS, losses_of


class _Foreign(Div):
    """A model that needs a script of another server; private, or Bokeh would add the script to every page."""

    __view_module__ = "bokeh"  # Bokeh looks for files in other packages
    __javascript__ = ["https://example.org/script.js"]


def with_source(source: Any) -> Any:
    fig = figure()
    fig.line("x", "y", source=source)
    return fig


def with_code(code: str) -> Any:
    fig = figure()
    fig.js_on_event("tap", CustomJS(code=code))
    return fig


def with_callback() -> Any:
    button = Button()
    button.on_click(lambda: None)
    return button


LOST = {
    "AjaxDataSource requests nothing": lambda: with_source(AjaxDataSource(data_url="https://example.org")),
    "ServerSentDataSource requests nothing": lambda: with_source(ServerSentDataSource(data_url="/events")),
    "The style sheet https://example.org/a.css is not loaded": lambda: Div(
        stylesheets=[ImportedStyleSheet(url="https://example.org/a.css")]
    ),
    "CustomJS uses localStorage": lambda: with_code("localStorage.setItem('a', 1)"),
    "CustomJS uses fetch": lambda: with_code("const r = await fetch('https://example.org')"),
    "CustomJS uses WebSocket": lambda: with_code("new WebSocket('wss://example.org')"),
    "An iframe in Div": lambda: Div(text='<iframe src="https://example.org"></iframe>'),
    "The image http://example.org/a.png in Div": lambda: Div(
        text='<img alt="" src="http://example.org/a.png">'
    ),
    "_Foreign may not be displayed": _Foreign,
    "Python callbacks": with_callback,
}


@pytest.mark.parametrize("loss", LOST)
def test_a_loss_is_named_once(loss: str) -> None:
    model = LOST[loss]()
    [found] = losses_of([*model.references(), *model.references()])
    assert found.startswith(loss)


@pytest.mark.parametrize(
    "model",
    [
        figure(),
        with_code("console.log(cb_obj)"),
        with_code("const prefetched = 1"),
        Div(text='<img src="https://example.org/a.png"> an iframe'),
    ],
)
def test_nothing_is_lost_of_ordinary_plots(model: Any) -> None:
    assert losses_of(model.references()) == []


def test_periodic_callbacks_are_lost() -> None:
    document = Document()
    document.add_root(figure())
    document.add_periodic_callback(lambda: None, 100)
    assert losses_of(document.models, document) == [PERIODIC_CALLBACKS]


def test_markup_of_any_length_is_searched_in_linear_time() -> None:
    text = "<img " * 100_000 + "src=" * 100_000
    assert losses_of([Div(text=text)]) == []
