# publishes: callback_in_python
from bokeh.io import curdoc
from bokeh.layouts import column
from bokeh.models import Button
from bokeh.plotting import figure

p = figure()
p.line([0, 1], [0, 1])
button = Button(label="Press me")
button.on_click(lambda: None)
curdoc().add_root(column(button, p))
