"""Packed columns as rows."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data import unpacked
from bokeh_data.columns import Column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.filters import parse
from bokeh_data.opened import Opener
from bokeh_data.packing import array_leaf, header, padding
from bokeh_data.queries import Query, parse_rows, run
from bokeh_data.records import Records
from bokeh_data.values import Values, to_arrow

NAN = {"type": "number", "value": "nan"}


class Packed:
    """Makes packed columns, and reads them."""

    def __init__(self, records: Records) -> None:
        self.store = ColumnStore(records)
        self.opener = Opener(records, 64 << 20)

    def stored(self, data: bytes) -> Column:
        """Store a column of these bytes."""
        made = self.store.make("ada", Values("uint8", np.frombuffer(data, np.uint8)))
        return replace(made, dtype="packed")

    def column(self, value: Any, *buffers: bytes) -> Column:
        """Store a value as clients do."""
        parts = [buffer + padding(len(buffer)) for buffer in buffers]
        return self.stored(header(value, [len(buffer) for buffer in buffers]) + b"".join(parts))

    def rows(self, value: Any, *buffers: bytes) -> list[Any]:
        """Store a value, and return its rows."""
        return list(to_arrow(unpack(self, self.column(value, *buffers))).to_pylist())


def unpack(packed: Packed, column: Column) -> Values:
    return unpacked.unpack(packed.opener, "x", column)


@pytest.fixture
def packed(records: Records) -> Packed:
    return Packed(records)


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2.5, None], [1, 2.5, None]),
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
def test_each_item_is_a_row(packed: Packed, value: Any, rows: list[Any]) -> None:
    assert packed.rows(value) == rows


def test_numbers_that_json_lacks(packed: Packed) -> None:
    infinite = [{"type": "number", "value": name} for name in ("+inf", "-inf")]
    [first, *others] = packed.rows([NAN, *infinite])
    assert math.isnan(first)
    assert others == [math.inf, -math.inf]


def test_lists_of_arrays(packed: Packed) -> None:
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
def test_what_is_no_list_of_rows(packed: Packed, value: Any) -> None:
    with pytest.raises(Invalid, match="not a list of rows"):
        unpack(packed, packed.column(value, bytes(8)))


@pytest.mark.parametrize("data", [b"x", bytes(100), b"\xff" * 100, b"\x02\0\0\0[]"])
def test_what_is_not_packed_at_all(packed: Packed, data: bytes) -> None:
    with pytest.raises(Invalid, match="not a list of rows"):
        unpack(packed, packed.stored(data))


def test_memory_is_bounded(packed: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "MAX_BYTES", 1000)
    with pytest.raises(Invalid, match="not a list of rows"):
        packed.rows([array_leaf(0, "int8", [400])] * 3, bytes(400))
    with pytest.raises(TooLarge, match="'x'"):
        packed.rows(["a" * 2000])


def test_with_other_columns_ranges_and_conditions(packed: Packed) -> None:
    columns = {
        "name": packed.column(["a", "b", "c", "d"]),
        "y": packed.store.make("ada", Values("float64", np.arange(4.0))),
    }

    def read(rows: str, *where: str) -> dict[str, list[Any]]:
        conditions = tuple(condition for text in where for condition in parse(text))
        found = list(run(packed.opener, columns, Query(("name", "y"), parse_rows(rows), conditions)).batches)
        return {name: [v for batch in found for v in to_arrow(batch[name]).to_pylist()] for name in columns}

    assert read("1:") == {"name": ["b", "c", "d"], "y": [1, 2, 3]}
    assert read("::2") == {"name": ["a", "c"], "y": [0, 2]}
    assert read(":", "y >= 2") == {"name": ["c", "d"], "y": [2, 3]}
    assert read(":", 'name = "b"') == {"name": ["b"], "y": [1]}
    short = {**columns, "name": packed.column(["a"])}
    with pytest.raises(Invalid, match="differ in length"):
        run(packed.opener, short, Query(("name", "y")))
