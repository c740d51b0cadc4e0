# publishes: curdoc_alone
from bokeh.io import curdoc
from bokeh.plotting import figure

p = figure()
p.line([0, 1], [0, 1])
curdoc().add_root(p)
curdoc().title = "An application without callbacks"
