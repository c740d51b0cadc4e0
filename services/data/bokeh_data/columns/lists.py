"""Types of lists in Arrow."""

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
