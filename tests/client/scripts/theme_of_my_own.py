# publishes: theme_of_my_own
from bokeh.io import curdoc
from bokeh.plotting import figure, show
from bokeh.themes import Theme

curdoc().theme = Theme(json={"attrs": {"Plot": {"background_fill_color": "#fafafa"}}})
p = figure()
p.scatter([0, 1], [0, 1])
show(p)
