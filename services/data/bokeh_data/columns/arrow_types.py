"""Types of Arrow by their names, as the dtypes of columns have them, and their values as JSON has them."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from bokeh_data.arrow.type_names import end_of_type, split_fields
from bokeh_data.columns.lists import is_list, leaf_of, with_items
from bokeh_data.columns.values import INFINITIES

#: Lists in lists, and structs in structs; deeper ones have no known type.
MAX_DEPTH = 16

_DECIMAL = re.compile(r"decimal(128|256)\((\d{1,2}), (-?\d{1,3})\)")
_ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=([A-Za-z0-9_+/:-]{1,64})\]")
_BYTES = re.compile(r"fixed_size_binary\[([1-9]\d{0,8})\]")
_LIST = re.compile(r"(large_list|list|fixed_size_list)<(?:item|element): (.*)>(?:\[(\d{1,9})\])?", re.DOTALL)


def parse_type(name: str, depth: int = 0) -> pa.DataType | None:
    """Return the type with a name, see `type_names`; None if it is no list, struct, decimal or plain type."""
    if found := _DECIMAL.fullmatch(name):
        make = pa.decimal128 if found[1] == "128" else pa.decimal256
        return make(int(found[2]), int(found[3]))
    if found := _ZONED.fullmatch(name):
        return pa.timestamp(found[1], found[2])
    if found := _BYTES.fullmatch(name):
        return pa.binary(int(found[1]))
    if found := _LIST.fullmatch(name):
        inner = parse_type(found[2], depth + 1) if depth < MAX_DEPTH else None
        return None if inner is None else _make_list(found[1], inner, found[3])
    if name.startswith(("struct<", "map<")) and name[-1] == ">":
        return _parse_fields(name, depth + 1) if depth < MAX_DEPTH else None
    try:
        return pa.type_for_alias(name)
    except ValueError:
        return None


def array_from_json(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return values as the output format `json` writes them: times, decimals, bytes and infinities as text.

    Raises:
        ValueError: a value has another type; also `TypeError` and `pa.ArrowException`.
    """
    leaf = leaf_of(kind)
    if pa.types.is_struct(leaf) or pa.types.is_map(leaf) or pa.types.is_time(leaf):
        return pa.array([_to_arrow_item(value, kind) for value in values], kind)
    if pa.types.is_integer(leaf) and is_list(kind):
        _check_integers(values)
    if pa.types.is_floating(leaf):
        return pa.array(_map_strings(values, lambda text: INFINITIES.get(text, text)), kind)
    if is_bytes(leaf):
        return pa.array(_map_strings(values, bytes.fromhex), kind)
    if pa.types.is_decimal(leaf) or pa.types.is_timestamp(leaf) or pa.types.is_date(leaf):
        return pa.array(values, _with_strings(kind)).cast(with_items(kind, _parsed(leaf))).cast(kind)
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


def _parse_fields(name: str, depth: int) -> pa.DataType | None:
    """Return the struct or the map with a name; None if it has no known types."""
    kind, _, inner = name[:-1].partition("<")
    try:
        if kind == "map":
            end = end_of_type(inner, 0)
            pair = parse_type(inner[:end], depth), parse_type(inner[end + 2 :], depth)
            return None if None in pair else pa.map_(*pair)
        fields = [(field, parse_type(text, depth)) for field, text in split_fields(inner)]
    except ValueError:
        return None
    return None if any(one is None for _, one in fields) else pa.struct(fields)


def _to_arrow_item(value: Any, kind: pa.DataType) -> Any:
    """Return a value of JSON as Arrow takes it for a type."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return {field.name: _to_arrow_item(value.get(field.name), field.type) for field in fields}
    if pa.types.is_map(kind):
        return [
            (_to_arrow_item(key, kind.key_type), _to_arrow_item(item, kind.item_type)) for key, item in value
        ]
    if is_list(kind):
        return [_to_arrow_item(item, kind.value_type) for item in value]
    return _to_arrow_leaf(value, kind)


def _to_arrow_leaf(value: Any, kind: pa.DataType) -> Any:
    if pa.types.is_floating(kind):
        return INFINITIES.get(value, value) if isinstance(value, str) else value
    if is_bytes(kind):
        return bytes.fromhex(value)
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_time(kind) and isinstance(value, str):
        return pa.scalar(f"1970-01-01T{value}").cast(pa.timestamp(kind.unit)).value
    is_point = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return pa.scalar(value).cast(_parsed(kind)).cast(kind).value if is_point else value


def _parsed(kind: pa.DataType) -> pa.DataType:
    """Return the type in which a string is parsed: Python writes six digits for milliseconds, too."""
    is_coarse = pa.types.is_timestamp(kind) and kind.unit in ("s", "ms")
    return pa.timestamp("us", kind.tz) if is_coarse else kind


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
