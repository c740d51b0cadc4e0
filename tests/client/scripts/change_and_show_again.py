# publishes: change_and_show_again@2
from bokeh.plotting import figure, show

p = figure()
p.line([0, 1], [0, 1])
show(p)
p.title.text = "changed"
show(p)
