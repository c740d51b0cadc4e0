"""Serialising documents, which does not change their models."""

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

from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.publishing.documents import Publishable, roots_of, serialise

DARK = Theme(json={"attrs": {"Plot": {"background_fill_color": "#20262b"}}})
PALE = Theme(json={"attrs": {"Plot": {"background_fill_color": "#ffeedd"}}})


@pytest.fixture(autouse=True)
def _fresh_curdoc() -> None:
    curstate().document = Document()


def background(obj: Publishable) -> str | None:
    content = serialise(obj).content
    colour = content["roots"][0]["attributes"].get("background_fill_color")
    return None if colour is None else str(colour)


def document_of(*roots: Model) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    return document


def test_roots_of_all_publishable_objects() -> None:
    first, second = figure(), figure()
    both = document_of(first, second)
    assert roots_of(first) == [first]
    assert roots_of([first, second, first]) == [first, second]
    assert roots_of(both) == [first, second]
    assert len(serialise(row(figure(), figure()))[0]["roots"]) == 1


@pytest.mark.parametrize("nothing", [[], (), Document()])
def test_empty_objects_are_rejected(nothing: Publishable) -> None:
    with pytest.raises(NotPublishable, match="nothing to publish"):
        serialise(nothing)


@pytest.mark.parametrize("other", [None, "fig", [figure(), 1], {"a": 1}])
def test_other_objects_are_rejected(other: Publishable) -> None:
    with pytest.raises(NotPublishable, match="is not a Bokeh object"):
        serialise(other)


def test_a_serialisation_error_is_explained_and_changes_nothing() -> None:
    fig = figure(tags=[{1 + 2j}])
    with pytest.raises(NotPublishable, match="complex"):
        serialise(fig)
    assert fig.document is None


def test_models_without_a_document_still_have_none() -> None:
    fig = figure()
    serialise(fig)
    assert fig.document is None
    assert fig.xaxis[0].document is None


def test_models_of_a_document_remain_in_it() -> None:
    first, second = figure(), figure()
    document = document_of(first, second)
    document.title = "Home"
    assert serialise(document)[0]["title"] == "Home"
    assert serialise([second, first])[0]["title"] == "Home"
    assert len(serialise(first)[0]["roots"]) == 1
    assert first.document is second.document is document


def test_models_of_several_documents_remain_in_theirs() -> None:
    first, second = figure(), figure()
    homes = document_of(first), document_of(second)
    assert len(serialise([first, second])[0]["roots"]) == 2
    assert (first.document, second.document) == homes


def test_models_get_the_theme_of_curdoc() -> None:
    curdoc().theme = DARK
    fig = figure()
    assert background(fig) == "#20262b"
    curdoc().theme = None
    assert background(fig) is None


def test_a_document_keeps_its_own_theme() -> None:
    curdoc().theme = DARK
    document = document_of(figure())
    document.theme = PALE
    assert background(document) == "#ffeedd"
    assert document.theme is PALE


def test_publishing_a_part_of_a_document_does_not_change_its_theme() -> None:
    first, second = figure(), figure()
    document = document_of(first, second)
    document.theme = PALE
    curdoc().theme = DARK
    assert background(first) == "#20262b"
    assert background(document) == "#ffeedd"


def test_javascript_callbacks_log_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    slider = Slider(start=0, end=1, value=0)
    slider.js_on_change("value", CustomJS(args={"source": ColumnDataSource()}, code=""))
    serialise(slider)
    assert "callbacks" not in caplog.text
