# publishes: linked_and_selected
from bokeh.layouts import gridplot
from bokeh.models import BoxSelectTool, CDSView, ColumnDataSource, IndexFilter
from bokeh.plotting import figure, show

source = ColumnDataSource({"x": [1, 2, 3], "y": [3, 1, 2], "z": [1, 1, 2]})
left = figure(tools="box_select,lasso_select,reset", width=300, height=300)
left.scatter("x", "y", source=source, selection_color="red")
right = figure(x_range=left.x_range, width=300, height=300)
right.scatter("x", "z", source=source, view=CDSView(filter=IndexFilter([0, 2])))
right.add_tools(BoxSelectTool())
show(gridplot([[left, right]]))
