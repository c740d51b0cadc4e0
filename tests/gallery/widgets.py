"""Widgets, with CustomJS callbacks."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import datetime as dt

import numpy as np
from bokeh.layouts import column, row
from bokeh.model import Model
from bokeh.models import (
    Button,
    CheckboxGroup,
    ColumnDataSource,
    CustomJS,
    DataTable,
    DateFormatter,
    DatePicker,
    DateRangeSlider,
    MultiChoice,
    NumberFormatter,
    RadioButtonGroup,
    RangeSlider,
    Select,
    Slider,
    Spinner,
    StringFormatter,
    Switch,
    TableColumn,
    TextInput,
    Toggle,
)
from bokeh.plotting import figure

from tests.gallery.registry import gallery


@gallery
def slider() -> Model:
    """A slider that changes a source in the browser."""
    x = np.linspace(0, 10, 200)
    source = ColumnDataSource({"x": x, "y": np.sin(x)})
    plot = figure(width=500, height=250, y_range=(-5, 5))
    plot.line("x", "y", source=source)
    amplitude = Slider(start=0.1, end=5, value=1, step=0.1, title="Amplitude")
    code = """
        const { x } = source.data
        source.data = { x, y: Float64Array.from(x, (value) => cb_obj.value * Math.sin(value)) }
    """
    amplitude.js_on_change("value", CustomJS(args={"source": source}, code=code))
    return column(amplitude, plot)


@gallery
def table() -> Model:
    """A table with formatted columns and a selection."""
    data = {
        "day": [dt.date(2026, 1, day) for day in range(1, 13)],
        "name": [f"row {number}" for number in range(12)],
        "value": np.linspace(0, 1e6, 12),
    }
    source = ColumnDataSource(data)
    source.selected.indices = [2, 4]
    columns = [
        TableColumn(field="day", title="Day", formatter=DateFormatter(format="%d.%m.%Y")),
        TableColumn(field="name", title="Name", formatter=StringFormatter(font_style="bold")),
        TableColumn(field="value", title="Value", formatter=NumberFormatter(format="0,0.00")),
    ]
    table: Model = DataTable(source=source, columns=columns, width=500, height=280)
    return table


@gallery
def controls() -> Model:
    """Most kinds of input widgets."""
    day = dt.date(2026, 3, 14)
    left = column(
        TextInput(title="Text", value="etwas"),
        Select(title="Select", options=["one", "two"], value="two"),
        MultiChoice(title="Choices", options=["a", "b", "c"], value=["a", "c"]),
        Spinner(title="Spinner", low=0, high=10, value=3),
        DatePicker(title="Day", value=day),
    )
    right = column(
        RangeSlider(title="Range", start=0, end=10, value=(2, 7)),
        DateRangeSlider(title="Days", start=day, end=day + dt.timedelta(days=90), value=(day, day)),
        RadioButtonGroup(labels=["left", "middle", "right"], active=1),
        CheckboxGroup(labels=["first", "second"], active=[0]),
        Switch(active=True),
        row(Button(label="Button", button_type="primary"), Toggle(label="Toggle", active=True)),
    )
    return row(left, right)
