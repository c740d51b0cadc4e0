# publishes: theme_by_name
from bokeh.io import curdoc
from bokeh.plotting import figure, show

curdoc().theme = "dark_minimal"
p = figure(title="Dark")
p.line([0, 1], [0, 1])
show(p)
