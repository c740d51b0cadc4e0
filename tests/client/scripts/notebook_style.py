# publishes: notebook_style
from bokeh.io import output_notebook, show
from bokeh.plotting import figure

output_notebook()
p = figure()
p.line([0, 1], [0, 1])
show(p)
