"""Times: datetime axes, and all types of columns of times."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import datetime as dt

import numpy as np
import pandas as pd
from bokeh.model import Model
from bokeh.models import ColumnDataSource, DatetimeTickFormatter, HoverTool
from bokeh.plotting import figure

from tests.gallery.registry import gallery, random

DAYS = 60


@gallery
def daily_prices() -> Model:
    """`datetime64` with NaT on a datetime axis, with a hover tool."""
    time = np.arange("2026-01-01", "2026-03-02", dtype="datetime64[D]").astype("datetime64[ns]")
    time[7] = np.datetime64("NaT")
    source = ColumnDataSource({"time": time, "price": 100 + random(3).normal(size=DAYS).cumsum()})
    plot = figure(title="Prices", width=700, height=300, x_axis_type="datetime")
    plot.line("time", "price", source=source)
    plot.add_tools(HoverTool(tooltips=[("day", "@time{%F}")], formatters={"@time": "datetime"}))
    return plot


@gallery
def durations() -> Model:
    """`timedelta64` with NaT."""
    spans = np.arange(20).astype("timedelta64[m]").astype("timedelta64[ns]")
    spans[4] = np.timedelta64("NaT")
    plot = figure(title="Durations", width=500, height=300, x_axis_type="timedelta")
    plot.scatter("span", "n", source=ColumnDataSource({"span": spans, "n": np.arange(20)}), size=7)
    return plot


@gallery
def pandas_times() -> Model:
    """Pandas timestamps, as an index and with a time zone."""
    index = pd.date_range("2026-05-01", periods=24, freq="h", name="when")
    data = pd.DataFrame({"load": np.sin(np.arange(24) / 4) + 2, "zone": index.tz_localize("UTC")}, index)
    plot = figure(title="Load", width=600, height=300, x_axis_type="datetime")
    plot.vbar(x="when", top="load", width=dt.timedelta(minutes=50), source=ColumnDataSource(data))
    plot.xaxis.formatter = DatetimeTickFormatter(hours="%H h")
    return plot


@gallery
def python_times() -> Model:
    """Lists of `datetime` and `date`."""
    start = dt.datetime(2026, 2, 1, 12)
    data = {
        "moment": [start + dt.timedelta(hours=7 * value) for value in range(12)],
        "day": [start.date() + dt.timedelta(days=value) for value in range(12)],
        "n": list(range(12)),
    }
    plot = figure(title="Moments", width=600, height=300, x_axis_type="datetime")
    plot.line("moment", "n", source=ColumnDataSource(data))
    plot.scatter("moment", "n", source=ColumnDataSource(data), size=8)
    return plot
