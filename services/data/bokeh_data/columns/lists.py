"""Types of lists in Arrow."""

from collections.abc import Callable

import pyarrow as pa


def is_list(kind: pa.DataType) -> bool:
    """Tell whether a type is that of lists."""
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def with_items(kind: pa.DataType, leaf: pa.DataType | None) -> pa.DataType:
    """Return a type of lists with items of another type, if one is given.

    The items have Arrow's usual name, whatever it was before. A type that is no list is replaced itself.
    """
    if not is_list(kind):
        return leaf or kind
    inner = with_items(kind.value_type, leaf)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner, kind.list_size)
    return pa.large_list(inner) if pa.types.is_large_list(kind) else pa.list_(inner)


def items_of(array: pa.Array) -> pa.Array:
    """Return the items of lists of any depth; arrays of other types unchanged."""
    while is_list(array.type):
        array = array.flatten()
    return array


def cast_lists(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast an array, if its type is another one. Arrow itself drops items of lists of nulls."""
    if str(array.type) == str(kind):
        return array
    return (
        map_items(array, kind, lambda items: items) if pa.types.is_null(leaf_of(kind)) else array.cast(kind)
    )


def leaf_of(kind: pa.DataType) -> pa.DataType:
    """Return the type of the items of lists of any depth; other types unchanged."""
    return leaf_of(kind.value_type) if is_list(kind) else kind


def map_items(array: pa.Array, kind: pa.DataType, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return lists as lists of a type that differs only in the type and the names of items.

    Args:
        array: lists of any depth.
        kind: the type.
        convert: returns items as `kind` has them.
    """
    if not is_list(kind):
        return convert(array)
    mask = array.is_null()
    if pa.types.is_fixed_size_list(kind):
        first = array.offset * kind.list_size
        items = array.values.slice(first, len(array) * kind.list_size)
        items = map_items(items, kind.value_type, convert)
        return pa.FixedSizeListArray.from_arrays(items, type=kind, mask=mask)
    make = pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray
    offsets = pa.array(array.offsets.to_numpy())  # a copy, as there is no mask for a slice
    return make.from_arrays(offsets, map_items(array.values, kind.value_type, convert), type=kind, mask=mask)
