"""Panes, layouts, widgets and templates of Panel."""

from typing import Any

import holoviews as hv
import pandas as pd
import panel as pn
import param
from bokeh.plotting import figure

from tests.ecosystem.subjects import subject

pn.extension("tabulator", "katex", "mathjax", "vega", "echarts", "plotly", "deckgl")

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [3.5, 1.5, 2.5], "c": list("xyz")})
CIRCLE = '<circle cx="40" cy="40" r="30" fill="red"/>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80">{CIRCLE}</svg>'


def plot(width: int = 300, height: int = 200) -> figure:
    fig = figure(width=width, height=height)
    fig.line([1, 2, 3], [3, 1, 2])
    return fig


@subject("panel")
def markdown_and_figure() -> Any:
    return pn.Column("# Title\n\n* one\n* *two*\n\n`code`", plot())


@subject("panel")
def jslink() -> Any:
    slider, progress = pn.widgets.IntSlider(name="x", end=100), pn.indicators.Progress(value=30, width=200)
    slider.jslink(progress, value="value")
    return pn.Column(slider, progress)


@subject("panel", becomes_idle=False)
def bound_function() -> Any:
    slider = pn.widgets.IntSlider(name="k", end=4)
    return pn.Column(slider, pn.bind(lambda k: f"# The square is {k * k}", slider))


@subject("panel")
def tabs() -> Any:
    return pn.Tabs(("Plot", plot()), ("Text", "text"))


@subject("panel")
def accordion() -> Any:
    return pn.Accordion(("Plot", plot()), ("Text", "text"), active=[0])


@subject("panel")
def card() -> Any:
    return pn.Card(plot(), title="A card")


@subject("panel")
def grid_spec() -> Any:
    grid = pn.GridSpec(width=400, height=300)
    grid[0, 0], grid[0, 1], grid[1, :] = pn.Spacer(styles={"background": "red"}), "# B", plot()
    return grid


@subject("panel")
def flex_box() -> Any:
    return pn.FlexBox(*[pn.pane.Markdown(f"**{i}**", width=60) for i in range(8)], width=300)


@subject("panel")
def tabulator() -> Any:
    return pn.widgets.Tabulator(FRAME, width=400)


@subject("panel")
def data_frame_widget() -> Any:
    return pn.widgets.DataFrame(FRAME, width=300)


@subject("panel")
def data_frame_pane() -> Any:
    return pn.pane.DataFrame(FRAME)


@subject("panel")
def plotly() -> Any:
    line = {"type": "scatter", "x": [1, 2, 3], "y": [3, 1, 2]}
    return pn.pane.Plotly({"data": [line], "layout": {"width": 400, "height": 300}})


@subject("panel")
def vega() -> Any:
    return pn.pane.Vega(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "data": {"values": [{"a": "A", "b": 28}, {"a": "B", "b": 55}]},
            "mark": "bar",
            "encoding": {"x": {"field": "a", "type": "ordinal"}, "y": {"field": "b", "type": "quantitative"}},
            "width": 200,
            "height": 150,
        }
    )


@subject("panel")
def echarts() -> Any:
    bars = {"type": "bar", "data": [5, 20]}
    spec = {"xAxis": {"data": ["a", "b"]}, "yAxis": {}, "animation": False, "series": [bars]}
    return pn.pane.ECharts(spec, width=300, height=200)


@subject("panel")
def matplotlib() -> Any:
    from matplotlib.figure import Figure

    fig = Figure(figsize=(3, 2))
    fig.add_subplot().plot([1, 2, 3], [3, 1, 2])
    return pn.pane.Matplotlib(fig, dpi=100)


@subject("panel")
def svg() -> Any:
    return pn.pane.SVG(SVG)


@subject("panel")
def latex_by_katex() -> Any:
    return pn.pane.LaTeX(r"$\frac{1}{n} \sum_i x_i$", renderer="katex")


@subject("panel")
def latex_by_mathjax() -> Any:
    return pn.pane.LaTeX(r"$\frac{1}{n} \sum_i x_i$", renderer="mathjax")


@subject("panel", becomes_idle=False)
def map_with_slider() -> Any:
    return pn.Column("## Frames", hv.HoloMap({k: hv.Curve([k, 2, 3]) for k in (1, 2, 3)}, "k"))


@subject("panel")
def reactive_html() -> Any:
    class Counter(pn.reactive.ReactiveHTML):  # type: ignore[misc]  # it has no types
        n = param.Integer(default=3)
        _template = '<div id="text">n is ${n}</div>'

    return Counter(width=200, height=50)


@subject("panel")
def indicators() -> Any:
    number = pn.indicators.Number(name="n", value=72, format="{value}%")
    return pn.Row(
        number, pn.indicators.Dial(name="d", value=50), pn.indicators.LinearGauge(name="l", value=30)
    )


@subject("panel")
def trend() -> Any:
    return pn.indicators.Trend(name="t", data={"x": [1, 2, 3], "y": [3, 1, 2]}, width=200, height=150)


@subject("panel")
def widgets() -> Any:
    return pn.Column(
        pn.widgets.Select(name="s", options=["a", "b"]),
        pn.widgets.MultiChoice(name="m", options=["a", "b"], value=["a"]),
        pn.widgets.Button(name="go", button_type="primary"),
        pn.widgets.RadioButtonGroup(options=["one", "two"], value="one"),
        pn.widgets.TextInput(name="t", value="text"),
        pn.widgets.DatePicker(name="d"),
    )


@subject("panel")
def json_tree() -> Any:
    return pn.pane.JSON({"a": [1, 2], "b": {"c": None}}, depth=2, theme="light")


@subject("panel")
def alert() -> Any:
    return pn.pane.Alert("## Note\n\ntext", alert_type="danger")


@subject("panel")
def player() -> Any:
    return pn.widgets.Player(name="p", end=9)


@subject("panel")
def html_with_style() -> Any:
    return pn.pane.HTML("<b>bold</b> text", styles={"background": "#def", "padding": "1em"})


@subject("panel")
def widget_box() -> Any:
    return pn.WidgetBox(
        "# Settings", pn.widgets.Checkbox(name="on", value=True), pn.widgets.Switch(value=True)
    )
