"""Lists of numbers, whose items keep their values or are refused."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_common.errors import Invalid
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.lists import cast_lists
from bokeh_data.columns.values import Values, from_arrow, to_arrow

NAN = float("nan")
INTEGERS = from_arrow(pa.array([[1, 2], [3]]))
NESTED = from_arrow(pa.array([[[1], [2]], [[3]]]))


def rows_of(values: Values) -> Any:
    return to_arrow(values).to_pylist()


@pytest.mark.parametrize(
    ("rows", "dtype"),
    [
        ([[1, None], [2]], "arrow[list<item: double>]"),
        ([[[1, None]], []], "arrow[list<item: list<item: double>>]"),
        ([[1.5, None], [2]], "arrow[list<item: double>]"),
        ([[1], None], "arrow[list<item: int64>]"),
        ([[2**60, None]], "arrow[list<item: int64>]"),
    ],
)
def test_missing_integers_in_lists_are_nan_unless_a_float_would_round_others(
    rows: list[Any], dtype: str
) -> None:
    assert from_json("x", rows, []).dtype == dtype


def test_lists_with_nan_keep_their_other_items() -> None:
    np.testing.assert_equal(rows_of(from_json("x", [[1, None], [2], []], [])), [[1, NAN], [2], []])


@pytest.mark.parametrize("kind", [pa.list_(pa.int32()), pa.large_list(pa.int64()), pa.list_(pa.uint8(), 2)])
def test_all_lists_of_integers_get_nan(kind: pa.DataType) -> None:
    np.testing.assert_equal(rows_of(from_arrow(pa.array([[1, None], [2, 3]], kind))), [[1, NAN], [2, 3]])


@pytest.mark.parametrize("prototype", [INTEGERS, NESTED])
@pytest.mark.parametrize("item", [5.5, True, None, "5"])
def test_lists_of_integers_take_integers_only(prototype: Values, item: Any) -> None:
    """Arrow would cut off the fraction of a number in a list, without an error."""
    rows: Any = [[item]] if prototype is INTEGERS else [[[item]]]
    with pytest.raises(Invalid, match="Column 'x'"):
        from_json("x", rows, [], prototype)


def test_integers_that_are_written_as_floats_fit() -> None:
    assert rows_of(from_json("x", [[4.0, 5]], [], INTEGERS)) == [[4, 5]]


def list_of(item: pa.DataType, name: str, size: int = -1) -> pa.DataType:
    return pa.list_(pa.field(name, item), size)


@pytest.mark.parametrize(
    ("make", "rows"),
    [
        (lambda name: list_of(pa.null(), name), [[None], [None, None], [], None]),
        (lambda name: pa.large_list(pa.field(name, pa.null())), [[None, None, None], None, []]),
        (lambda name: list_of(list_of(pa.null(), name), name), [[[None]], None, [[None, None], None, []]]),
        (lambda name: list_of(pa.null(), name, 2), [[None, None], None, [None, None]]),
        (lambda name: list_of(pa.int32(), name), [[1], None, [2, 3]]),
    ],
)
def test_lists_keep_their_items_whatever_their_name(make: Any, rows: list[Any]) -> None:
    for array in (pa.array(rows, make("element")), pa.array([rows[0], *rows], make("element")).slice(1)):
        found = cast_lists(array, make("item"))
        found.validate(full=True)
        assert (found.type, found.to_pylist()) == (make("item"), rows)
