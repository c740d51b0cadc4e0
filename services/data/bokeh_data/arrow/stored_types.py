"""Types of Arrow as columns have them. Each of them can be written in every output format.

Values of other types are converted, if one of these types has them, or refused.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bokeh_common.errors import Invalid
from bokeh_data.arrow.timezone_names import known_zone

#: Digits of the widest decimals.
MAX_DIGITS = 76
MAX_DIGITS_128 = 38

#: The maximum number of elements in a row of an array, as many as a list of Arrow has.
MAX_ROW_ELEMENTS = (1 << 31) - 1

#: Types that have no children, and are stored as they are.
_PLAIN = (
    pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating,
    pa.types.is_decimal128, pa.types.is_decimal256, pa.types.is_timestamp, pa.types.is_duration,
    pa.types.is_date, pa.types.is_time, pa.types.is_string, pa.types.is_large_string,
    pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary,
)  # fmt: skip


def stored_type(kind: pa.DataType, is_nested: bool = False) -> pa.DataType:
    """Return the type that a column has for values of a type: the same type, or the one to convert them to.

    Args:
        kind: the type of the values.
        is_nested: whether they are items of lists, structs or maps, where categories become plain values.

    Raises:
        Invalid: no type of a column has them.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return stored_type(kind.storage_type, is_nested)
    if pa.types.is_dictionary(kind):
        return _stored_categories(kind, is_nested)
    if pa.types.is_run_end_encoded(kind):
        return stored_type(kind.value_type, is_nested)
    return _stored_container(kind) if pa.types.is_nested(kind) else _stored_leaf(kind)


def to_stored(array: pa.Array, is_nested: bool = False) -> pa.Array:
    """Return values in the type that `stored_type` returns for theirs.

    Raises:
        Invalid: there is none, or it does not have these values.
    """
    kind = array.type
    wanted = stored_type(kind, is_nested)
    if isinstance(array, pa.ExtensionArray):
        return to_stored(array.storage, is_nested)
    if pa.types.is_run_end_encoded(kind):
        return to_stored(array.values, is_nested).take(_run_of_each_row(array))
    if pa.types.is_dictionary(kind):
        return _convert_categories(array, wanted, is_nested)
    if kind == wanted:
        return array
    if pa.types.is_nested(kind):
        return _convert_container(array, wanted)
    return _convert(array, wanted)


def has_missing_categories(array: pa.Array) -> bool:
    """Tell whether a category is null: rows that are missing have no category instead."""
    return bool(pa.types.is_dictionary(array.type) and array.dictionary.null_count > 0)


def _stored_leaf(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(kind):
        return _stored_decimal(kind)
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind) or kind == pa.binary(0):
        return pa.binary()
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.timestamp(kind.unit, known_zone(kind.tz))
    if any(test(kind) for test in _PLAIN):
        return kind
    raise _refusal(kind)


def _stored_categories(kind: pa.DataType, is_nested: bool) -> pa.DataType:
    values = stored_type(kind.value_type, is_nested)
    is_string = pa.types.is_string(values) or pa.types.is_large_string(values)
    is_category = is_string or (pa.types.is_primitive(values) and not pa.types.is_float16(values))
    if is_nested or not is_category:
        return values
    return kind if values == kind.value_type else pa.dictionary(kind.index_type, values, kind.ordered)


def _stored_container(kind: pa.DataType) -> pa.DataType:
    """Return the type of lists, maps or structs; the same object unless their items are converted."""
    if pa.types.is_union(kind):
        raise _refusal(kind)
    if pa.types.is_struct(kind):
        return _stored_struct(kind)
    if pa.types.is_map(kind):
        key, item = stored_type(kind.key_type, True), stored_type(kind.item_type, True)
        is_same = (key, item) == (kind.key_type, kind.item_type)
        return kind if is_same else pa.map_(key, item, kind.keys_sorted)
    inner = stored_type(kind.value_type, True)
    field = kind.value_field if inner == kind.value_type else kind.value_field.with_type(inner)
    if _count_items(kind) > MAX_ROW_ELEMENTS:
        raise Invalid(
            f"it holds {kind}; lists of one length have at most {MAX_ROW_ELEMENTS} items; use lists."
        )
    if pa.types.is_fixed_size_list(kind) and kind.list_size:  # without items, Arrow fails to write some
        return pa.list_(field, kind.list_size)
    is_large = pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind)
    return pa.large_list(field) if is_large else pa.list_(field)


def _count_items(kind: pa.DataType) -> int:
    """Return how many items lists of one length have, with those of the lists in them."""
    return kind.list_size * _count_items(kind.value_type) if pa.types.is_fixed_size_list(kind) else 1


def _stored_struct(kind: pa.DataType) -> pa.DataType:
    fields = [kind.field(i) for i in range(kind.num_fields)]
    if len({field.name for field in fields}) != len(fields) or not fields:
        raise Invalid(f"it holds {kind}, whose fields have no names of their own; give each field a name.")
    types = [stored_type(field.type, True) for field in fields]
    if types == [field.type for field in fields]:
        return kind
    return pa.struct([field.with_type(one) for field, one in zip(fields, types, strict=True)])


def _stored_decimal(kind: pa.DataType) -> pa.DataType:
    """Return the type of decimals: Parquet has none that are rounded before the point."""
    digits, scale = kind.precision - min(kind.scale, 0), max(kind.scale, 0)
    if digits > MAX_DIGITS or scale > digits:
        raise _refusal(kind)
    is_wide = digits > MAX_DIGITS_128 or pa.types.is_decimal256(kind)
    return pa.decimal256(digits, scale) if is_wide else pa.decimal128(digits, scale)


def _refusal(kind: pa.DataType) -> Invalid:
    return Invalid(
        f"it holds {kind}, which data sources do not have; convert it to numbers, strings, times, lists or"
        " structs before."
    )


def _run_of_each_row(array: pa.Array) -> pa.Array:
    """Return for each row the number of the value that it has, also of values that Arrow cannot decode."""
    numbers = pa.array(range(len(array.values)), pa.int64())
    runs = pa.RunEndEncodedArray.from_arrays(array.run_ends, numbers)
    return pc.run_end_decode(runs.slice(array.offset, len(array)))


def _convert_categories(array: pa.Array, wanted: pa.DataType, is_nested: bool) -> pa.Array:
    if array.type == wanted and not has_missing_categories(array):
        return array
    plain = to_stored(array.dictionary, is_nested).take(array.indices)
    return _convert(plain.dictionary_encode(), wanted) if pa.types.is_dictionary(wanted) else plain


def _convert_container(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Convert the items of lists, maps or structs; Arrow itself converts some of them wrongly."""
    kind, mask = array.type, array.is_null()
    if pa.types.is_struct(kind):
        children = [to_stored(array.field(i), True) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, fields=list(wanted), mask=mask)
    if pa.types.is_fixed_size_list(wanted):
        start, size = array.offset * kind.list_size, len(array) * kind.list_size
        items = to_stored(array.values.slice(start, size), True)
        return pa.FixedSizeListArray.from_arrays(items, type=wanted, mask=mask)
    if pa.types.is_map(kind):
        offsets = array.offsets.to_numpy()
        rows = slice(int(offsets[0]), int(offsets[-1]))
        keys, items = (to_stored(child[rows], True) for child in (array.keys, array.items))
        return pa.MapArray.from_arrays(pa.array(offsets - offsets[0]), keys, items, type=wanted, mask=mask)
    return _convert_lists(array, wanted)


def _convert_lists(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Convert lists, whose items may be in any order, to lists whose items follow one another."""
    items, mask = to_stored(array.values, True), array.is_null()
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    if pa.types.is_fixed_size_list(array.type):  # of no items
        starts = np.zeros(len(array), np.int64)
    else:
        starts = array.offsets.to_numpy().astype(np.int64)[: len(array)]
    rows = np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)
    is_large = pa.types.is_large_list(wanted)
    make, kind = (pa.LargeListArray, pa.int64()) if is_large else (pa.ListArray, pa.int32())
    offsets = pa.array(np.concatenate([[0], ends]), kind)
    return make.from_arrays(offsets, items.take(pa.array(rows)), type=wanted, mask=mask)


def _convert(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    try:
        return array.cast(wanted)
    except pa.ArrowException:
        raise Invalid(
            f"it holds {array.type}, which cannot be converted to {wanted}; convert it before."
        ) from None
