# publishes: network
from bokeh.models import GraphRenderer, StaticLayoutProvider
from bokeh.plotting import figure, show

p = figure(x_range=(-2, 2), y_range=(-2, 2))
graph = GraphRenderer()
graph.node_renderer.data_source.data = {"index": [0, 1, 2]}
graph.edge_renderer.data_source.data = {"start": [0, 1], "end": [1, 2]}
graph.layout_provider = StaticLayoutProvider(graph_layout={0: (0, 0), 1: (1, 1), 2: (-1, 1)})
p.renderers.append(graph)
show(p)
