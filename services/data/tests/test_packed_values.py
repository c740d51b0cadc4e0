"""Packed columns as rows."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.packed import array_leaf, padding, write_header
from bokeh_data.columns.values import Values, to_arrow
from bokeh_data.conditions.parser import parse_conditions
from bokeh_data.queries import packed_values
from bokeh_data.queries.query import Query, parse_row_range, run_query
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders

NAN = {"type": "number", "value": "nan"}


class PackedColumns:
    """Creates and reads packed columns of one account."""

    def __init__(self, repository: DataRepository) -> None:
        self.store = ColumnStore(repository)
        self.readers = ColumnReaders(repository, 64 << 20)

    def create_from_bytes(self, data: bytes) -> Column:
        """Store bytes as a packed column."""
        made = self.store.create("ada", Values("uint8", np.frombuffer(data, np.uint8)))
        return replace(made, dtype="packed")

    def column(self, value: Any, *buffers: bytes) -> Column:
        """Store a value as a packed column, as clients do."""
        parts = [buffer + padding(len(buffer)) for buffer in buffers]
        return self.create_from_bytes(
            write_header(value, [len(buffer) for buffer in buffers]) + b"".join(parts)
        )

    def rows(self, value: Any, *buffers: bytes) -> list[Any]:
        """Store a value as a packed column, and return its rows."""
        return list(to_arrow(read_packed_rows(self, self.column(value, *buffers))).to_pylist())


def read_packed_rows(packed: PackedColumns, column: Column) -> Values:
    return packed_values.read_packed_rows(packed.readers, "x", column)


@pytest.fixture
def packed(repository: DataRepository) -> PackedColumns:
    return PackedColumns(repository)


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2.5], [1, 2.5]),
        (["a", None, "\u202e"], ["a", None, "\u202e"]),
        ([True, False], [True, False]),
        ([["a", "b"], ["c", "d"]], [["a", "b"], ["c", "d"]]),
        ([1, "a", None, [2]], ["1", "a", None, "[2]"]),
        ([{"a": 1}, {"b": 2}], ['{"a": 1}', '{"b": 2}']),
        ([1 << 70, 1], [str(1 << 70), "1"]),
        ([None, None], [None, None]),
        ([], []),
    ],
)
def test_each_item_is_a_row(packed: PackedColumns, value: Any, rows: list[Any]) -> None:
    assert packed.rows(value) == rows


def test_numbers_that_json_lacks(packed: PackedColumns) -> None:
    infinite = [{"type": "number", "value": name} for name in ("+inf", "-inf")]
    [first, *others] = packed.rows([NAN, *infinite])
    assert math.isnan(first)
    assert others == [math.inf, -math.inf]


def test_lists_of_arrays(packed: PackedColumns) -> None:
    pieces = [np.arange(3.0), np.arange(5.0)]
    value = [array_leaf(i, "float64", piece.shape) for i, piece in enumerate(pieces)]
    assert packed.rows(value, *(piece.tobytes() for piece in pieces)) == [[0, 1, 2], [0, 1, 2, 3, 4]]
    objects = {"type": "ndarray", "array": ["a", None], "dtype": "object", "shape": [2], "order": "little"}
    assert packed.rows(objects) == ["a", None]


@pytest.mark.parametrize(
    "value",
    [
        1,
        "text",
        {"a": [1]},
        [{"type": "number", "value": "many"}],
        [array_leaf(7, "float64", [1])],
        [array_leaf(0, "float64", [2])],
        [array_leaf(0, "object", [1])],
        [array_leaf(0, "float64", [1 << 40, 0])],
        [{"type": "ndarray"}],
    ],
)
def test_values_that_are_not_lists_are_rejected(packed: PackedColumns, value: Any) -> None:
    with pytest.raises(Invalid, match="not a list of rows"):
        read_packed_rows(packed, packed.column(value, bytes(8)))


@pytest.mark.parametrize("content", [b"x", bytes(100), b"\xff" * 100, b"\x02\0\0\0[]"])
def test_bytes_that_are_not_packed_are_rejected(packed: PackedColumns, content: bytes) -> None:
    with pytest.raises(Invalid, match="not a list of rows"):
        read_packed_rows(packed, packed.create_from_bytes(content))


def test_memory_is_limited(packed: PackedColumns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_values, "MAX_BYTES", 1000)
    with pytest.raises(Invalid, match="not a list of rows"):
        packed.rows([array_leaf(0, "int8", [400])] * 3, bytes(400))
    with pytest.raises(TooLarge, match="'x'"):
        packed.rows(["a" * 2000])


def test_ranges_and_conditions(packed: PackedColumns) -> None:
    columns = {
        "name": packed.column(["a", "b", "c", "d"]),
        "y": packed.store.create("ada", Values("float64", np.arange(4.0))),
    }

    def read(rows: str, *where: str) -> dict[str, list[Any]]:
        found = list(
            run_query(
                packed.readers, columns, Query(("name", "y"), parse_row_range(rows), parse_conditions(where))
            ).batches
        )
        return {name: [v for batch in found for v in to_arrow(batch[name]).to_pylist()] for name in columns}

    assert read("1:") == {"name": ["b", "c", "d"], "y": [1, 2, 3]}
    assert read("::2") == {"name": ["a", "c"], "y": [0, 2]}
    assert read(":", "y >= 2") == {"name": ["c", "d"], "y": [2, 3]}
    assert read(":", 'name = "b"') == {"name": ["b"], "y": [1]}
    short = {**columns, "name": packed.column(["a"])}
    with pytest.raises(Invalid, match="differ in length"):
        run_query(packed.readers, short, Query(("name", "y")))
