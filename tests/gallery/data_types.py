"""Columns of all numeric types, in NumPy arrays and other containers."""

# Bokeh's properties accept more than its type annotations allow.
# mypy: disable-error-code="arg-type,attr-defined"

import array

import numpy as np
from bokeh.layouts import column
from bokeh.model import Model
from bokeh.models import ColumnDataSource, CustomJSExpr, DataTable, TableColumn
from bokeh.plotting import figure

from tests.gallery.registry import gallery

ROWS = 8
BINARY = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def plot_and_table(title: str, data: dict[str, object], x: str) -> Model:
    """Return a plot of every column against `x`, and a table of the values."""
    source = ColumnDataSource(data)
    names = [name for name in data if name != x]
    plot = figure(title=title, width=700, height=250)
    for name in names:
        plot.scatter(x, name, source=source, size=6)
    columns = [TableColumn(field=name, title=name) for name in data]
    table = DataTable(source=source, columns=columns, width=700, height=260, autosize_mode="none")
    return column(plot, table)


@gallery
def binary_numbers() -> Model:
    """The dtypes that Bokeh serialises as bytes."""
    data: dict[str, object] = {"i": np.arange(ROWS)}
    data |= {name: (np.arange(ROWS) % 5 * 3).astype(name) for name in BINARY}
    return plot_and_table("Binary numbers", data, "i")


@gallery
def other_numbers() -> Model:
    """The dtypes that Bokeh converts or serialises as lists: wide integers, half precision, big-endian."""
    index = np.arange(ROWS)
    data: dict[str, object] = {
        "i": index.astype("uint8"),
        "int64 narrow": index.astype("int64") - 4,
        "uint64 narrow": index.astype("uint64") + np.uint64(2**31),
        "int64 wide": index.astype("int64") + 2**40,
        "int64 beyond 2**53": index.astype("int64") + 2**53 + 1,
        "uint64 wide": np.uint64(2**64 - 1) - index.astype("uint64"),
        "float16": index.astype("float16") / 3,
        "big-endian float64": np.linspace(0, 1, ROWS).astype(">f8"),
        "big-endian int32": index.astype(">i4"),
    }
    return plot_and_table("Other numbers", data, "i")


@gallery
def python_lists() -> Model:
    """Lists of Python numbers."""
    data: dict[str, object] = {
        "i": list(range(ROWS)),
        "int": [value**3 for value in range(ROWS)],
        "float": [value / 7 for value in range(ROWS)],
        "nan": [0.5, float("nan"), 1.5, float("inf"), float("-inf"), -0.0, 2.5, float("nan")],
        "none": [1, None, 3, None, 5, 6, None, 8],
        "bool": [value % 2 == 0 for value in range(ROWS)],
        "wide": [2**53 + value for value in range(ROWS)],
    }
    return plot_and_table("Python lists", data, "i")


@gallery
def typed_arrays() -> Model:
    """Arrays of the standard library's module `array`."""
    data: dict[str, object] = {
        "i": array.array("i", range(ROWS)),
        "double": array.array("d", (value / 2 for value in range(ROWS))),
        "float": array.array("f", (value / 4 for value in range(ROWS))),
        "byte": array.array("B", range(ROWS)),
    }
    return plot_and_table("Typed arrays", data, "i")


@gallery
def objects() -> Model:
    """Strings and objects in arrays."""
    data: dict[str, object] = {
        "i": np.arange(ROWS),
        "str": np.array([f"row {value}" for value in range(ROWS)]),
        "object": np.array([1, 2.5, "three", None, True, "ünï", "", 8], dtype=object),
    }
    return plot_and_table("Objects", data, "i")


@gallery
def matrices() -> Model:
    """Columns of two and three dimensions; glyphs cannot draw them, so code sums up each row."""
    data = {
        "x": np.arange(5.0),
        "grid": np.sin(np.arange(20.0)).reshape(5, 4),
        "cube": np.linspace(0, 1, 5 * 3 * 2, dtype="float32").reshape(5, 3, 2),
    }
    source = ColumnDataSource(data)
    plot = figure(title="Matrices", width=500, height=300)
    for name, color in (("grid", "teal"), ("cube", "crimson")):
        code = f"""
            const {{ {name} }} = this.data
            const [rows, ...rest] = {name}.shape
            const size = rest.reduce((a, b) => a * b)
            const sum = (row) => {name}.slice(row * size, (row + 1) * size).reduce((a, b) => a + b)
            return Array.from({{ length: rows }}, (_, row) => sum(row))
        """
        plot.line("x", {"expr": CustomJSExpr(code=code)}, color=color, source=source)
    return plot


@gallery
def no_rows() -> Model:
    """Empty arrays of each dtype."""
    data: dict[str, object] = {name: np.array([], dtype=name) for name in BINARY}
    data["matrix"] = np.zeros((0, 3))
    data["list"] = []
    plot = figure(title="No rows", width=400, height=250, x_range=(0, 1), y_range=(0, 1))
    plot.scatter("float64", "float32", source=ColumnDataSource(data))
    return plot


@gallery
def no_columns() -> Model:
    """A source without columns, whose glyph has scalar coordinates."""
    plot = figure(title="No columns", width=400, height=250, x_range=(0, 1), y_range=(0, 1))
    plot.scatter(x=0.5, y=0.5, size=40, source=ColumnDataSource())
    plot.ray(x=0, y=0, length=0, angle=0.7)
    return plot
