# publishes: curdoc_with_two_roots
from bokeh.io import curdoc
from bokeh.models import Div
from bokeh.plotting import figure

curdoc().add_root(Div(text="<h1>Two</h1>"))
p = figure()
p.line([0, 1], [0, 1])
curdoc().add_root(p)
