"""Which columns of live sources a scene draws."""

import json
from typing import Any

import bokeh.models
from bokeh.core.property.vectorization import Field
from bokeh.document import Document
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    CustomJS,
    GroupFilter,
    HoverTool,
    Plot,
    StaticLayoutProvider,
)
from bokeh.models.renderers import GraphRenderer
from bokeh.models.widgets.tables import DataTable, TableColumn
from bokeh.plotting import figure

from bokeh_plots.documents.default_fields import DEFAULT_FIELDS
from bokeh_plots.documents.drawn_columns import find_drawn_columns
from bokeh_plots.documents.scene_json import has_code

NAMES = ["x", "y", "salary", "size of dot", "kind", "note", "value", "index"]


def make_source() -> ColumnDataSource:
    return ColumnDataSource({name: [1, 2] for name in NAMES})


def scene_of(root: Any) -> Any:
    """Return the JSON of a document."""
    document = Document()
    document.add_root(root)
    scene = json.loads(json.dumps(document.to_json(deferred=False)))
    document.remove_root(root)
    return scene


def drawn(root: Any, source: ColumnDataSource) -> set[str]:
    """Return the names of the columns that are drawn of a live source."""
    scene = scene_of(root)
    manifest = {"sources": [{"id": "s", "model": source.id, "live": True}], "code": has_code(scene)}
    return set(find_drawn_columns(scene, manifest).of(NAMES)) - {"index"}


def test_columns_of_glyphs_are_drawn() -> None:
    source, plot = make_source(), figure(title="The salary is not drawn", x_axis_label="y (salary)")
    plot.scatter("x", "y", size="size of dot", source=source)
    assert drawn(plot, source) == {"x", "y", "size of dot"}


def test_columns_that_bokeh_leaves_out_as_they_are_the_default_are_drawn() -> None:
    source = make_source()
    plot = Plot()
    plot.add_glyph(source, bokeh.models.Line())
    assert drawn(plot, source) == {"x", "y"}


def test_columns_of_tooltips_filters_and_tables_are_drawn() -> None:
    source, plot = make_source(), figure(tools=[])
    plot.line("x", "y", source=source, view=CDSView(filter=GroupFilter(column_name="kind", group="a")))
    assert drawn(plot, source) == {"x", "y", "kind"}
    plot.add_tools(HoverTool(tooltips=[("a", "@{size of dot}{0.0}"), ("b", "@note")]))
    assert drawn(plot, source) == {"x", "y", "kind", "note", "size of dot"}
    plot.add_tools(HoverTool(tooltips="<b>$color[hex]:salary</b>"))
    assert drawn(plot, source) == {"x", "y", "kind", "note", "size of dot", "salary"}
    table = DataTable(source=source, columns=[TableColumn(field="note")])
    assert drawn(table, source) == {"note"}


def test_code_may_read_every_column() -> None:
    source, plot = make_source(), figure()
    plot.line("x", "y", source=source)
    plot.js_on_event("tap", CustomJS(code="Object.keys(source.data)", args={"source": source}))
    assert drawn(plot, source) == {*NAMES} - {"index"}


def test_columns_of_graphs_are_drawn() -> None:
    graph, plot = GraphRenderer(layout_provider=StaticLayoutProvider()), figure()
    nodes, edges = ColumnDataSource({"index": [1, 2]}), ColumnDataSource({"start": [1], "end": [2]})
    graph.node_renderer.data_source, graph.edge_renderer.data_source = nodes, edges
    plot.renderers.append(graph)
    scene = scene_of(plot)
    for source in (nodes, edges):
        manifest = {"sources": [{"id": "s", "model": source.id, "live": True}], "code": False}
        names = [str(name) for name in source.data]
        assert find_drawn_columns(scene, manifest).of(names) == names


def test_the_defaults_are_those_of_bokeh() -> None:
    for name, model in bokeh.models.Model.model_class_reverse_map.items():
        if not model.__module__.startswith("bokeh.models"):
            continue
        values = {prop: model.lookup(prop).class_default(model) for prop in model.dataspecs()}
        fields = {value.field for value in values.values() if isinstance(value, Field)}
        assert fields <= set(DEFAULT_FIELDS.get(name.rpartition(".")[2], "").split()), name
