"""Lines of so many rows that pages draw them from windows, in each shape of range, scale, glyph and column.

They are not in `FIGURES`, since a line that is drawn from a window has almost the pixels of all rows, but not
exactly.
"""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.model import Model
from bokeh.models import ColumnDataSource, DataRange1d, LinearAxis, LogScale, Range1d, VArea
from bokeh.plotting import figure

from tests.gallery.registry import random

#: For a server whose `BOKEH_CLOUD_REFINE_ROWS` is as small; so many are loaded quickly.
ROWS = 20_000
COLUMNS = 3  # of figures in a document

INDEX = np.arange(ROWS)
UNIT = np.linspace(0, 1, ROWS)
DAYS = np.datetime64("2026-01-01", "ns") + INDEX.astype("m8[s]")
WAVE = 2 + np.sin(np.linspace(0, 20, ROWS)) + random(9).normal(0, 0.02, ROWS)


@dataclass(frozen=True)
class LongLine:
    """A figure of a line of `ROWS` rows.

    Attributes:
        build: returns the figure.
        windowed: whether pages draw it from a window; otherwise they load all rows.
    """

    build: Callable[[], Any]
    windowed: bool = True


def line(x: Any = INDEX, y: Any = WAVE, **attributes: Any) -> LongLine:
    """Return a line in a figure with some attributes; functions are called, since models cannot be shared."""
    return draw("line", x=x, y=y, attributes=attributes)


def draw(glyph: str, attributes: dict[str, Any], **options: Any) -> LongLine:
    """Return a figure with one glyph."""

    def build() -> Any:
        made = {name: value() if callable(value) else value for name, value in attributes.items()}
        plot = figure(width=400, height=150, toolbar_location=None, **made)
        getattr(plot, glyph)(**options)
        return plot

    return LongLine(build)


def whole(shape: LongLine) -> LongLine:
    """Return a figure that needs all rows."""
    return LongLine(shape.build, windowed=False)


def extra_y(scale: Callable[[], Any] | None, **attributes: Any) -> LongLine:
    """Return a line on a second axis of y, which has the figure's scale or one of its own."""

    def build() -> Any:
        plot = line(**attributes).build()
        plot.extra_y_ranges = {"right": Range1d(1, 5)}
        if scale:
            plot.extra_y_scales = {"right": scale()}
        plot.add_layout(LinearAxis(y_range_name="right"), "right")
        plot.renderers[0].y_range_name = "right"
        return plot

    return LongLine(build)


def default_columns() -> Any:
    """Return an area whose columns have the names that are the defaults, which Bokeh leaves out."""
    plot = figure(width=400, height=150, toolbar_location=None)
    source = ColumnDataSource({"x": INDEX, "y1": WAVE, "y2": WAVE + UNIT})
    plot.add_glyph(source, VArea(fill_alpha=0.5))
    return plot


def gaps(*rows: slice) -> Any:
    """Return numbers with NaN in some rows."""
    values = WAVE.copy()
    for gap in rows:
        values[gap] = np.nan
    return values


def replaced(values: Any, number: int, value: Any) -> Any:
    """Return a copy of values in which one is another."""
    copy = values.copy()
    copy[number] = value
    return copy


RANGES = {
    "follows the data": line(),
    "starts at 0": line(x_range=lambda: Range1d(0, ROWS - 1)),
    "starts at 0, a pair": line(x_range=(0, ROWS // 5), y_range=(0, 4)),
    "ends at 1": line(UNIT - 0.5, x_range=lambda: Range1d(-0.5, 1)),
    "from 0 to 1": line(UNIT, x_range=lambda: Range1d(0, 1), y_range=lambda: Range1d(0, 4)),
    "y from 0 to 1": line(y=WAVE / 4, y_range=lambda: Range1d(0, 1)),
    "descends": line(x_range=lambda: Range1d(ROWS, 0)),
    "descends from 1": line(UNIT, x_range=lambda: Range1d(1, 0)),
    "beyond the rows": line(x_range=lambda: Range1d(-ROWS, 3 * ROWS)),
    "without rows in it": line(x_range=lambda: Range1d(-10, -1), y_range=(0, 4)),
    "has bounds": line(x_range=lambda: Range1d(0, ROWS / 2, bounds=(0, ROWS))),
    "follows, flipped": line(x_range=lambda: DataRange1d(flipped=True, range_padding=0)),
    "follows, with a fixed start": line(x_range=lambda: DataRange1d(start=0)),
    "follows the end": whole(line(x_range=lambda: DataRange1d(follow="end", follow_interval=1000))),
    "of times": line(
        DAYS, x_axis_type="datetime", x_range=(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, 3))
    ),
    "of datetime64": line(DAYS, x_axis_type="datetime", x_range=(DAYS[0], DAYS[ROWS // 2])),
    "of spans": line(
        DAYS - DAYS[0], x_axis_type="timedelta", x_range=(dt.timedelta(0), dt.timedelta(hours=4))
    ),
}

SCALES = {
    "datetime": line(DAYS, x_axis_type="datetime"),
    "mercator": line(INDEX * 100.0, x_axis_type="mercator"),
    "logarithmic x": whole(line(INDEX + 1, x_axis_type="log")),
    "logarithmic y": line(y_axis_type="log", y_range=lambda: Range1d(0.5, 5)),
    "logarithmic y, with 0": whole(
        line(y=replaced(WAVE, 7, 0.0), y_axis_type="log", y_range=lambda: Range1d(0.5, 5))
    ),
    "logarithmic y that follows": whole(line(y_axis_type="log")),
    "no axes": line(x_axis_type=None, y_axis_type=None),
    "a second y": extra_y(None),
    "a second y, logarithmic by the figure": extra_y(None, y_axis_type="log"),
    "a second y, logarithmic": extra_y(LogScale),
    "range of what is seen": whole(line(window_axis="x")),
    "aspect": line(UNIT, match_aspect=True),
    "frame width": line(frame_width=300),
    "stretched": line(sizing_mode="stretch_width", min_width=300),
}

GLYPHS = {
    "line": draw("line", {}, x=INDEX, y=WAVE, line_width=3, line_color="firebrick", line_dash="dashed"),
    "step before": draw("step", {}, x=INDEX, y=np.round(WAVE), mode="before"),
    "step after": draw("step", {}, x=INDEX, y=np.round(WAVE), mode="after"),
    "step center": draw("step", {}, x=INDEX, y=np.round(WAVE), mode="center"),
    "area from 0": draw("varea", {}, x=INDEX, y1=0, y2=WAVE),
    "area between": draw("varea", {}, x=INDEX, y1=WAVE - 1, y2=WAVE, fill_alpha=0.5),
    "area of default columns": LongLine(default_columns),
    "area of steps": draw("varea_step", {}, x=INDEX, y1=0, y2=np.round(WAVE)),
    "points": whole(draw("scatter", {}, x=INDEX, y=WAVE, size=1)),
    "a horizontal area": whole(draw("harea", {}, y=INDEX, x1=0, x2=WAVE)),
}

INTEGERS = np.round(100 * WAVE - 200)

COLUMN_TYPES = {
    **{name: line(y=INTEGERS.astype(name)) for name in ("int8", "int16", "int32", "int64", "float32")},
    **{name: line(y=(INTEGERS + 150).astype(name)) for name in ("uint16", "uint32", "uint64")},
    "bool": whole(line(y=WAVE > 2)),
    "float16": whole(line(y=WAVE.astype("f2"))),
    "a list": whole(line(y=WAVE.tolist())),
    "wide integers": whole(line(y=INTEGERS.astype(int) + 2**40)),
    "x of float32": line(UNIT.astype("f4")),
    "x with equal values": line(INDEX // 100),
    "x unsorted": whole(line(replaced(INDEX, 10, ROWS // 2))),
    "x with NaN": whole(line(replaced(UNIT, 10, np.nan))),
    "x with NaT": whole(line(replaced(DAYS, 10, np.datetime64("NaT")), x_axis_type="datetime")),
    "y of spans": line(y=INDEX.astype("m8[s]"), y_axis_type="timedelta"),
    "infinities": whole(line(y=replaced(WAVE, 10, np.inf), y_range=(0, 4))),
    "gaps": line(y=gaps(slice(2000, 4000), slice(9000, 9001), slice(-2000, None))),
    "NaN at both ends": line(y=gaps(slice(0, 6000), slice(14_000, None))),
    "NaN only": line(y=np.full(ROWS, np.nan), y_range=(0, 1)),
    "constant": line(y=np.full(ROWS, 3)),
}

WALK = random(2).normal(size=ROWS).cumsum()

KINDS_OF_LINES = {
    "random walk": line(y=WALK),
    "noise": line(y=random(3).normal(size=ROWS)),
    "sine": line(y=np.sin(np.linspace(0, 20, ROWS))),
    "rising sawtooth": line(y=INDEX % 500),
    "falling sawtooth": line(y=-(INDEX % 500)),
    "falling ramp": line(y=WAVE - 10 * UNIT),
    "every second row NaN": line(y=np.where(INDEX % 2, np.nan, WALK), y_range=(-100, 100)),
    "every 100th row NaN": line(y=np.where(INDEX % 100, WALK, np.nan)),
    "steps with gaps": line(y=np.where(INDEX % 200, INDEX // 200 % 7, np.nan)),
}

#: The figures by the subject and by what they have.
LONG_LINES = {
    "ranges": RANGES,
    "scales": SCALES,
    "glyphs": GLYPHS,
    "column types": COLUMN_TYPES,
    "lines": KINDS_OF_LINES,
}


def build_all(shapes: dict[str, LongLine]) -> Model:
    """Return all figures of a subject, with the names as titles, in rows of `COLUMNS`."""
    figures = []
    for name, shape in shapes.items():
        figures.append(shape.build())
        figures[-1].title = name
    rows = [figures[at : at + COLUMNS] for at in range(0, len(figures), COLUMNS)]
    return column(*(row(*these) for these in rows))
