"""Graph renderers, whose layouts are arrays outside of data sources."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import numpy as np
from bokeh.model import Model
from bokeh.models import (
    Circle,
    EdgesAndLinkedNodes,
    GraphRenderer,
    HoverTool,
    MultiLine,
    Plot,
    Range1d,
    StaticLayoutProvider,
)
from bokeh.plotting import figure

from tests.gallery.registry import gallery

NODES = 12


def ring_graph(layout: dict[int, object]) -> GraphRenderer:
    """Return a ring of nodes, each connected to the next and to the first."""
    graph = GraphRenderer()
    graph.node_renderer.data_source.data = {"index": list(range(NODES)), "weight": np.arange(NODES) / NODES}
    graph.node_renderer.glyph = Circle(radius=0.1, fill_color="steelblue")
    graph.edge_renderer.data_source.data = {
        "start": list(range(NODES)) + [0] * NODES,
        "end": [(node + 1) % NODES for node in range(NODES)] + list(range(NODES)),
    }
    graph.edge_renderer.glyph = MultiLine(line_color="#888888", line_width=2)
    graph.layout_provider = StaticLayoutProvider(graph_layout=layout)
    return graph


@gallery
def network() -> Model:
    """A graph with a static layout of lists."""
    angles = np.linspace(0, 2 * np.pi, NODES, endpoint=False)
    layout = {node: [float(np.cos(angle)), float(np.sin(angle))] for node, angle in enumerate(angles)}
    plot = figure(title="Network", width=400, height=400, x_range=(-1.3, 1.3), y_range=(-1.3, 1.3))
    graph = ring_graph(layout)
    graph.inspection_policy = EdgesAndLinkedNodes()
    plot.renderers.append(graph)
    plot.add_tools(HoverTool(renderers=[graph], tooltips=[("weight", "@weight")]))
    return plot


@gallery
def array_network() -> Model:
    """A graph in a bare `Plot`, with a static layout of arrays."""
    angles = np.linspace(0, 2 * np.pi, NODES, endpoint=False)
    layout = {node: np.array([np.cos(angle), np.sin(angle)]) for node, angle in enumerate(angles)}
    plot = Plot(width=400, height=400, x_range=Range1d(-1.3, 1.3), y_range=Range1d(-1.3, 1.3))
    plot.renderers.append(ring_graph(layout))
    return plot
