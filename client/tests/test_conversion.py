"""Objects that are no Bokeh models: containers, and objects for whose library there is a converter."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bokeh.document import Document
from bokeh.models import Column, ColumnDataSource, Tabs
from bokeh.models.glyphs import Line
from bokeh.models.layouts import GridBox
from bokeh.models.tools import PanTool
from bokeh.plotting import figure

from bokeh_cloud.conversion import registry
from bokeh_cloud.conversion.convert import convert
from bokeh_cloud.conversion.converted import Converted
from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.publishing.documents import roots_of


@pytest.fixture
def charts() -> Iterator[ModuleType]:
    """A library with a class `Chart`."""
    library = ModuleType("charts")
    vars(library)["Chart"] = type("Chart", (), {"__module__": "charts.plots"})
    sys.modules["charts"] = library
    yield library
    del sys.modules["charts"]


def install(monkeypatch: pytest.MonkeyPatch, *converters: EntryPoint) -> None:
    """Let distributions with these converters be installed."""
    monkeypatch.setattr(registry, "entry_points", lambda group: [c for c in converters if c.group == group])
    registry._entries.cache_clear()
    monkeypatch.setattr(registry, "_entries", registry._entries.__wrapped__)


def to_figure(_: Any) -> Any:
    return Converted(figure(name="converted"), ("Something is lost.",))


def to_another(obj: Any) -> Any:
    return obj


def test_models_and_documents_stay_as_they_are() -> None:
    fig, document = figure(), Document()
    assert convert(fig).obj is fig
    assert convert(document).obj is document


def test_lists_are_roots_of_their_own() -> None:
    figures = [figure(), figure()]
    assert convert(figures).obj == figures
    assert convert(tuple(figures)).obj == figures


def test_dictionaries_become_tabs() -> None:
    first, second = figure(), figure()
    [tabs] = convert({"one": first, 2: [second, figure()]}).obj
    assert isinstance(tabs, Tabs)
    panels: list[Any] = tabs.tabs
    assert [panel.title for panel in panels] == ["one", "2"]
    assert panels[0].child is first
    assert isinstance(panels[1].child, Column)


def test_nested_lists_and_arrays_become_grids() -> None:
    figures = [figure() for _ in range(3)]
    [box] = convert([[figures[0], figures[1]], figures[2]]).obj
    assert isinstance(box, GridBox)
    assert [child for child, *_ in box.children] == figures
    array = np.empty((1, 2), dtype=object)
    array[0] = figures[0], figures[1]
    [box] = convert(array).obj
    assert [(child, row, column) for child, row, column, *_ in box.children] == [
        (figures[0], 0, 0),
        (figures[1], 0, 1),
    ]


def test_roots_that_are_not_drawn_stay_roots() -> None:
    document, state = Document(), ColumnDataSource()
    document.add_root(figure())
    document.add_root(state)
    [tabs, other] = convert({"a": document}).obj
    assert isinstance(tabs, Tabs)
    assert other is state


@pytest.mark.parametrize("empty", [{}, [], ()])
def test_empty_containers_are_refused(empty: Any) -> None:
    with pytest.raises(NotPublishable, match="nothing to publish"):
        roots_of(convert(empty).obj)


def test_a_converter_of_another_distribution_is_used(
    monkeypatch: pytest.MonkeyPatch, charts: ModuleType
) -> None:
    install(monkeypatch, EntryPoint("charts", f"{__name__}:to_figure", registry.GROUP))
    converted = convert(charts.Chart())
    assert converted.obj.name == "converted"
    assert converted.losses == ("Something is lost.",)
    [tabs] = convert({"a": charts.Chart(), "b": charts.Chart()}).obj
    assert len(tabs.tabs) == 2


def test_a_converter_finds_subclasses(monkeypatch: pytest.MonkeyPatch, charts: ModuleType) -> None:
    install(monkeypatch, EntryPoint("charts", f"{__name__}:to_figure", registry.GROUP))
    own = type("Own", (charts.Chart,), {"__module__": "__main__"})
    assert convert(own()).obj.name == "converted"


def test_a_converter_that_cannot_be_imported_is_named(
    monkeypatch: pytest.MonkeyPatch, charts: ModuleType
) -> None:
    install(monkeypatch, EntryPoint("charts", "no_such_module:convert", registry.GROUP))
    with pytest.raises(
        NotPublishable, match="no_such_module:convert for objects of charts cannot be imported"
    ):
        convert(charts.Chart())


def test_a_converter_that_returns_its_argument_is_refused(
    monkeypatch: pytest.MonkeyPatch, charts: ModuleType
) -> None:
    install(monkeypatch, EntryPoint("charts", f"{__name__}:to_another", registry.GROUP))
    with pytest.raises(NotPublishable, match="is not a Bokeh object"):
        convert(charts.Chart())


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (pd.DataFrame({"a": [1]}), r"DataFrame is not a Bokeh object: publish df.hvplot\(\)"),
        ("figure", "str is not a Bokeh object: publish a figure"),
        (3, "int is not a Bokeh object"),
        ([figure(), "text"], "str is not a Bokeh object"),
        ({"a": None}, "NoneType is not a Bokeh object"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_way_out(obj: Any, message: str) -> None:
    with pytest.raises(NotPublishable, match=message):
        convert(obj)


@pytest.mark.parametrize("part", [ColumnDataSource(), PanTool(), Line()])
def test_models_that_are_not_drawn_by_themselves_are_refused(part: Any) -> None:
    with pytest.raises(NotPublishable, match=f"{type(part).__name__} is not displayed by itself"):
        roots_of(part)


def test_no_library_is_imported() -> None:
    convert([figure()])
    assert not {"panel", "holoviews", "matplotlib"} & sys.modules.keys()
