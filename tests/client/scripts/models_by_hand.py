# publishes: models_by_hand
from bokeh.io import show
from bokeh.models import ColumnDataSource, Line, LinearAxis, Plot, Range1d

source = ColumnDataSource(data={"x": [0, 1, 2], "y": [0, 1, 4]})
plot = Plot(x_range=Range1d(0, 2), y_range=Range1d(0, 4))
plot.add_glyph(source, Line(x="x", y="y"))
plot.add_layout(LinearAxis(), "below")
show(plot)
