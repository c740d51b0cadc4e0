# publishes: tabs_and_widgets
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, Slider, TabPanel, Tabs
from bokeh.plotting import figure, show

source = ColumnDataSource(data={"x": [0, 1, 2], "y": [0, 1, 4]})
p = figure()
p.line("x", "y", source=source)
slider = Slider(start=1, end=5, value=1, step=0.1, title="power")
slider.js_on_change(
    "value",
    CustomJS(
        args={"source": source},
        code="source.data = {x: source.data.x, y: source.data.x.map((x) => x ** cb_obj.value)}",
    ),
)
show(Tabs(tabs=[TabPanel(child=column(slider, p), title="Power")]))
