"""Publishing leaves the publisher's models as they were."""

import logging

import pytest
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.io.state import curstate
from bokeh.layouts import row
from bokeh.model import Model
from bokeh.models.callbacks import CustomJS
from bokeh.models.sources import ColumnDataSource
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure
from bokeh.themes import Theme

from bokeh_cloud.documents import Publishable, roots_of, serialise
from bokeh_cloud.errors import NotPublishable

DARK = Theme(json={"attrs": {"Plot": {"background_fill_color": "#20262b"}}})
PALE = Theme(json={"attrs": {"Plot": {"background_fill_color": "#ffeedd"}}})


@pytest.fixture(autouse=True)
def _fresh_curdoc() -> None:
    curstate().document = Document()


def background(obj: Publishable) -> str | None:
    content, _ = serialise(obj)
    colour = content["roots"][0]["attributes"].get("background_fill_color")
    return None if colour is None else str(colour)


def document_of(*roots: Model) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    return document


def test_what_can_be_published() -> None:
    first, second = figure(), figure()
    both = document_of(first, second)
    assert roots_of(first) == [first]
    assert roots_of([first, second, first]) == [first, second]
    assert roots_of(both) == [first, second]
    assert len(serialise(row(figure(), figure()))[0]["roots"]) == 1


@pytest.mark.parametrize("nothing", [[], (), Document()])
def test_nothing_is_said_to_be_nothing(nothing: Publishable) -> None:
    with pytest.raises(NotPublishable, match="nothing to publish"):
        serialise(nothing)


@pytest.mark.parametrize("other", [None, "fig", [figure(), 1], {"a": 1}])
def test_what_is_not_bokehs_is_named(other: Publishable) -> None:
    with pytest.raises(NotPublishable, match="is not a Bokeh object"):
        serialise(other)


def test_what_bokeh_cannot_serialise_is_explained_and_changes_nothing() -> None:
    drawn = figure(tags=[{1 + 2j}])
    with pytest.raises(NotPublishable, match="complex"):
        serialise(drawn)
    assert drawn.document is None


def test_models_without_a_document_stay_so() -> None:
    drawn = figure()
    serialise(drawn)
    assert drawn.document is None
    assert drawn.xaxis[0].document is None


def test_models_of_a_document_stay_in_it() -> None:
    first, second = figure(), figure()
    home = document_of(first, second)
    home.title = "Home"
    assert serialise(home)[0]["title"] == "Home"
    assert serialise([second, first])[0]["title"] == "Home"
    assert len(serialise(first)[0]["roots"]) == 1
    assert first.document is second.document is home


def test_models_of_several_documents_stay_apart() -> None:
    first, second = figure(), figure()
    homes = document_of(first), document_of(second)
    assert len(serialise([first, second])[0]["roots"]) == 2
    assert (first.document, second.document) == homes


def test_models_are_drawn_in_the_theme_of_curdoc() -> None:
    curdoc().theme = DARK
    drawn = figure()
    assert background(drawn) == "#20262b"
    curdoc().theme = None
    assert background(drawn) is None


def test_a_document_is_drawn_in_its_own_theme() -> None:
    curdoc().theme = DARK
    home = document_of(figure())
    home.theme = PALE
    assert background(home) == "#ffeedd"
    assert home.theme is PALE


def test_publishing_a_part_of_a_themed_document_leaves_its_theme() -> None:
    first, second = figure(), figure()
    home = document_of(first, second)
    home.theme = PALE
    curdoc().theme = DARK
    assert background(first) == "#20262b"
    assert background(home) == "#ffeedd"


def test_python_callbacks_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    slider = Slider(start=0, end=1, value=0)
    slider.on_change("value", lambda attr, old, new: None)
    with caplog.at_level(logging.WARNING):
        serialise(slider)
    assert "Python callbacks" in caplog.text


def test_javascript_callbacks_are_not(caplog: pytest.LogCaptureFixture) -> None:
    slider = Slider(start=0, end=1, value=0)
    slider.js_on_change("value", CustomJS(args={"source": ColumnDataSource()}, code=""))
    serialise(slider)
    assert "callbacks" not in caplog.text
