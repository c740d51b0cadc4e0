"""Types of Arrow by their names, as the dtypes of columns have them, and their values as JSON has them."""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from bokeh_data.columns.lists import is_list
from bokeh_data.columns.values import INFINITIES

#: Lists in lists; deeper ones have no known type.
MAX_DEPTH = 16

_DECIMAL = re.compile(r"decimal(128|256)\((\d{1,2}), (-?\d{1,3})\)")
_LIST = re.compile(r"(large_list|list|fixed_size_list)<(?:item|element): (.*)>(?:\[(\d{1,9})\])?", re.DOTALL)


def parse_type(name: str, depth: int = 0) -> pa.DataType | None:
    """Return the type with a name; None if it is no list, decimal or plain type."""
    if found := _DECIMAL.fullmatch(name):
        make = pa.decimal128 if found[1] == "128" else pa.decimal256
        return make(int(found[2]), int(found[3]))
    if found := _LIST.fullmatch(name):
        inner = parse_type(found[2], depth + 1) if depth < MAX_DEPTH else None
        return None if inner is None else _make_list(found[1], inner, found[3])
    try:
        return pa.type_for_alias(name)
    except ValueError:
        return None


def array_from_json(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return values as the output format `json` writes them: times, decimals, bytes and infinities as text.

    Raises:
        ValueError: a value has another type; also `TypeError` and `pa.ArrowException`.
    """
    leaf = kind
    while is_list(leaf):
        leaf = leaf.value_type
    if pa.types.is_integer(leaf) and is_list(kind):
        _check_integers(values)
    if pa.types.is_floating(leaf):
        return pa.array(_map_strings(values, lambda text: INFINITIES.get(text, text)), kind)
    if is_bytes(leaf):
        return pa.array(_map_strings(values, bytes.fromhex), kind)
    if pa.types.is_decimal(leaf) or pa.types.is_timestamp(leaf) or pa.types.is_date(leaf):
        return pa.array(values, _with_strings(kind)).cast(kind)
    return pa.array(values, kind)


def _check_integers(value: Any) -> None:
    """Raise `ValueError` for a number in lists that Arrow would cut off, and for booleans."""
    if isinstance(value, list):
        for item in value:
            _check_integers(item)
    elif isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is not an integer")


def is_bytes(kind: pa.DataType) -> bool:
    """Tell whether values are bytes."""
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def _make_list(name: str, inner: pa.DataType, length: str | None) -> pa.DataType | None:
    if (name == "fixed_size_list") != (length is not None):
        return None
    if length is not None:
        return pa.list_(inner, int(length))
    return pa.large_list(inner) if name == "large_list" else pa.list_(inner)


def _with_strings(kind: pa.DataType) -> pa.DataType:
    """Return the type of the same lists of strings."""
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_with_strings(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_with_strings(kind.value_type))
    return pa.list_(_with_strings(kind.value_type)) if is_list(kind) else pa.string()


def _map_strings(value: Any, function: Callable[[str], Any]) -> Any:
    if isinstance(value, list):
        return [_map_strings(item, function) for item in value]
    return function(value) if isinstance(value, str) else value
