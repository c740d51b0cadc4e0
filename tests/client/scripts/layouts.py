# publishes: layouts
from bokeh.layouts import column, gridplot, row
from bokeh.models import Div
from bokeh.plotting import figure, show


def make(title):
    p = figure(title=title, width=200, height=200)
    p.scatter([1, 2, 3], [3, 1, 2])
    return p


grid = gridplot([[make("a"), make("b")], [make("c"), None]])
show(column(Div(text="Plots"), row(make("d"), make("e")), grid))
