"""Six sample plots for an empty cloud, which show what Bokeh can do and published plots preserve.

Their data come from NumPy with a fixed seed, so publishing them again changes nothing. `python -m
bokeh_cloud_server.samples URL` waits until the server has started, and publishes those that it does not have.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from bokeh.layouts import column, gridplot
from bokeh.model import Model
from bokeh.models.annotations import Legend, LegendItem, Title
from bokeh.models.callbacks import CustomJS
from bokeh.models.ranges import FactorRange, Range1d
from bokeh.models.sources import ColumnDataSource
from bokeh.models.tickers import DatetimeTicker
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, NumberFormatter, TableColumn
from bokeh.plotting import figure
from bokeh.transform import factor_cmap

from bokeh_cloud import Plot
from bokeh_cloud.errors import CloudError, ServerUnreachable
from bokeh_cloud.server import Server

START_SECONDS = 30.0  # the maximum time to wait for the server
BLUE, TEAL, ORANGE = "#2f6690", "#3a9188", "#d1773c"
SEED = 2014


def wind_park() -> Model:
    """Draw 100,000 points over time: almost a year of power, one value every five minutes."""
    points = 100_000
    random = np.random.default_rng(SEED)
    times = np.datetime64("2025-01-01T00:00", "ms") + np.arange(points) * np.timedelta64(5, "m")
    season = 24 + 8 * np.cos(2 * np.pi * np.arange(points) / points)
    weather = np.convolve(random.normal(size=points + 575), np.hanning(576), mode="valid")
    power = np.clip(season + 0.75 * weather + random.normal(scale=0.5, size=points), 0, 60)
    plot = _figure(
        "100,000 values of a year",
        x_axis_type="datetime",
        y_axis_label="power in MW",
        x_range=Range1d(start=times[0], end=times[-1], bounds="auto"),
        y_range=(0, 64),
        tools="xpan,xwheel_zoom,xbox_zoom,reset,save",
        active_scroll="xwheel_zoom",
    )
    plot.xaxis.ticker = DatetimeTicker(desired_num_ticks=4)  # as many dates as fit on a phone
    plot.line(times, power, color=BLUE)
    return plot


def interference() -> Model:
    """Draw an image of 400 by 400 values with its colour scale."""
    side = np.linspace(-12, 12, 400)
    x, y = np.meshgrid(side, side)
    left, right = np.hypot(x + 4.5, y), np.hypot(x - 4.5, y)
    waves = np.cos(2.4 * left) / (1 + 0.2 * left) + np.cos(2.4 * right) / (1 + 0.2 * right)
    plot = _figure(
        "Waves from two sources",
        x_axis_label="x in metres",
        y_axis_label="y in metres",
        x_range=Range1d(start=-12, end=12, bounds="auto"),
        y_range=Range1d(start=-12, end=12, bounds="auto"),
        height=560,
        tooltips=[("x, y", "$x{0.0}, $y{0.0}"), ("amplitude", "@image{0.00}")],
    )
    image = plot.image([waves.astype(np.float32)], x=-12, y=-12, dw=24, dh=24, palette="Viridis256")
    plot.add_layout(image.construct_color_bar(title="amplitude", width=12, padding=12), "right")
    plot.grid.visible = False
    return plot


def leaves() -> Model:
    """Draw three views of the same measurements, with linked selections."""
    random = np.random.default_rng(SEED)
    kinds = {"oak": (9.5, 5.2, BLUE), "birch": (5.8, 4.1, TEAL), "willow": (8.8, 1.7, ORANGE)}
    kind = np.repeat(list(kinds), 200)
    size = random.lognormal(sigma=0.16, size=kind.size)
    length = np.array([kinds[name][0] for name in kind]) * size
    width = np.array([kinds[name][1] for name in kind]) * size * random.lognormal(sigma=0.1, size=kind.size)
    mass = 0.018 * length * width * random.lognormal(sigma=0.12, size=kind.size)
    measured = ColumnDataSource({"kind": kind, "length": length, "width": width, "mass": mass})
    colours = factor_cmap("kind", [colour for *_, colour in kinds.values()], list(kinds))
    axes = {"length": "length in cm", "width": "width in cm", "mass": "mass in g"}

    def view(x: str, y: str, **settings: Any) -> figure:
        plot = _figure(
            f"{y.capitalize()} and {x}",
            x_axis_label=axes[x],
            y_axis_label=axes[y],
            tools="box_select,lasso_select,tap,reset,save",
            height=380,
            **settings,
        )
        plot.scatter(x, y, source=measured, color=colours, size=6, alpha=0.65, nonselection_alpha=0.08)
        return plot

    first = view("length", "width")
    renderers: Any = first.renderers
    entry = LegendItem(label={"field": "kind"}, renderers=renderers)
    first.add_layout(Legend(items=[entry], location="top_left"))
    second = view("length", "mass", x_range=first.x_range)
    third = view("width", "mass", y_range=second.y_range)
    return gridplot([[first, second, third]], sizing_mode="stretch_width", toolbar_location="right")


def stations() -> Model:
    """Draw a plot above a table of the same data, with linked selections."""
    random = np.random.default_rng(SEED)
    name = ["Arkona", "Brocken", "Husum", "Dresden", "Emden", "Feldberg", "Görlitz", "Hof", "Jena", "Kempten"]
    altitude = np.array([42, 1134, 5, 227, 0, 1490, 238, 565, 164, 705])
    temperature = 10.9 - 0.0062 * altitude + random.normal(scale=0.35, size=altitude.size)
    rain = 540 + 0.72 * altitude + random.normal(scale=55, size=altitude.size)
    data = ColumnDataSource({"name": name, "altitude": altitude, "temperature": temperature, "rain": rain})
    plot = _figure(
        "Higher is colder",
        x_axis_label="altitude in m",
        y_axis_label="mean temperature in °C",
        tools="tap,box_select,reset,save",
        height=340,
        tooltips=[("station", "@name"), ("altitude", "@altitude m"), ("temperature", "@temperature{0.0} °C")],
    )
    plot.scatter("altitude", "temperature", source=data, size=11, color=TEAL, nonselection_alpha=0.2)
    columns = [
        TableColumn(field="name", title="Station"),
        TableColumn(field="altitude", title="Altitude in m", formatter=NumberFormatter(format="0,0")),
        TableColumn(field="temperature", title="Temperature in °C", formatter=NumberFormatter(format="0.0")),
        TableColumn(field="rain", title="Rain in mm a year", formatter=NumberFormatter(format="0,0")),
    ]
    table = DataTable(
        source=data, columns=columns, index_position=None, height=290, sizing_mode="stretch_width"
    )
    return column(plot, table, sizing_mode="stretch_width")


def sine() -> Model:
    """Draw a sine curve that three sliders change, in the browser only."""
    x = np.linspace(0, 4 * np.pi, 1000)
    wave = ColumnDataSource({"x": x, "y": np.sin(x)})
    plot = _figure(
        "A sine to play with",
        x_axis_label="x",
        y_axis_label="y",
        y_range=(-3, 3),
        height=380,
        tools="reset,save",
    )
    plot.line("x", "y", source=wave, color=ORANGE, line_width=3)
    sliders = {
        "amplitude": Slider(title="Amplitude", start=0, end=3, value=1, step=0.05),
        "frequency": Slider(title="Frequency", start=0.1, end=5, value=1, step=0.05),
        "phase": Slider(title="Phase", start=-3.1, end=3.1, value=0, step=0.05),
    }
    code = """
        const {x} = wave.data
        wave.data = {x, y: x.map((at) => amplitude.value * Math.sin(frequency.value * at + phase.value))}
    """
    follow = CustomJS(args={"wave": wave, **sliders}, code=code)
    for slider in sliders.values():
        slider.sizing_mode = "stretch_width"
        slider.bar_color = ORANGE
        slider.js_on_change("value", follow)
    return column(plot, *sliders.values(), sizing_mode="stretch_width")


def travel() -> Model:
    """Draw bars in nested categories: ways to work, by city and year."""
    cities, years = ["Aachen", "Bremen", "Chemnitz", "Dortmund"], ["2005", "2015", "2025"]
    share = [14, 19, 27, 22, 25, 31, 8, 11, 16, 6, 9, 17]
    factors = [(city, year) for city in cities for year in years]
    data = ColumnDataSource({"way": factors, "share": share})
    plot = _figure(
        "By bicycle to work",
        x_range=FactorRange(factors=factors, group_padding=1.2),
        y_range=(0, 36),
        y_axis_label="share of commuters in %",
        tools="save",
        tooltips=[("city, year", "@way"), ("share", "@share %")],
    )
    colours = factor_cmap("way", ["#b9d3e4", "#6f9fc0", BLUE], years, start=1, end=2)
    plot.vbar(x="way", top="share", source=data, width=0.86, color=colours)
    plot.xgrid.visible = False
    plot.xaxis.major_tick_line_color = None
    plot.xaxis.major_label_orientation = "vertical"
    return plot


SAMPLES: Mapping[str, tuple[str, Callable[[], Model]]] = {
    "wind-park": ("A wind park through the year", wind_park),
    "interference": ("Waves from two sources", interference),
    "leaves": ("Leaves of three trees", leaves),
    "stations": ("Ten weather stations", stations),
    "play": ("A sine to play with", sine),
    "travel": ("By bicycle to work", travel),
}


def publish_samples(server: Server) -> list[Plot]:
    """Publish the samples whose names are not used yet, and return their plots.

    Raises:
        CloudError: see `Server.publish`.
    """
    existing = {plot.name for plot in server.plots()}
    return [
        server.publish(make(), name, title=title)
        for name, (title, make) in SAMPLES.items()
        if name not in existing
    ]


def main(url: str | None = None) -> None:
    """Wait for a server, publish the samples to it, and print their URLs."""
    server = Server(url)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            plots = publish_samples(server)
            break
        except ServerUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    for plot in plots:
        print(f"{plot.name}: {plot.url}")  # noqa: T201  # the output of the program


def _figure(title: str, **settings: Any) -> figure:
    """Create a figure in the style of all samples."""
    defaults = {"height": 420, "sizing_mode": "stretch_width", "tools": "pan,wheel_zoom,box_zoom,reset,save"}
    heading = Title(text=title, text_font_size="15pt", text_font_style="normal", text_color="#26323c")
    plot = figure(title=heading, **{**defaults, **settings})
    plot.outline_line_color = None
    plot.grid.grid_line_color = "#e6e9ec"
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = "#c3c9cf"
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_color = plot.axis.major_label_text_color = "#55606a"
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    return plot


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2])
    except CloudError as error:
        sys.exit(str(error))
