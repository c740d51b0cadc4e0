# publishes: module_beside
from bokeh.plotting import figure, show
from helpers.shapes import circle

p = figure(match_aspect=True)
p.line(*circle(50))
show(p)
