# publishes: streaming_source
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure, show

source = ColumnDataSource({"x": [0], "y": [0]})
for x in range(1, 10):
    source.stream({"x": [x], "y": [x * x]}, rollover=5)
source.patch({"y": [(0, 100)]})
p = figure()
p.line("x", "y", source=source)
show(p)
