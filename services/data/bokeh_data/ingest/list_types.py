"""Types of lists in files, as columns have them, which is as Bokeh has them.

Lists of integers with missing ones become lists of floats with NaN, since BokehJS would draw null at 0. Times
in lists become milliseconds, unless the lists are rows of an array, and decimals floats. The items of lists
have the same name, whatever it is in the file: rows of one format fit those of another.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.columns.browser_encoding import to_milliseconds
from bokeh_data.columns.dtypes import time_unit
from bokeh_data.columns.lists import cast_lists, is_list, items_of, leaf_of, map_items, with_items
from bokeh_data.columns.missing import is_exact_in_float64, numbers_with_nan
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.values import Values, from_arrow

_PER_MILLISECOND = {"us": 1_000, "ns": 1_000_000}


def depends_on_rows(schema: pa.Schema) -> bool:
    """Tell whether items of lists decide on their type, so that `find_stored_schema` reads the rows."""
    return any(_may_be_floats(kind) or _may_be_array(kind) for kind in schema.types)


def find_stored_schema(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.Schema:
    """Return the schema with the types of lists that columns get.

    Lists of integers or decimals that float64 would round are left as they are.

    Args:
        schema: of the file.
        batches: all of its rows, which are read if their items decide on the type of lists.
    """
    floats = _find_floats(schema, batches) if depends_on_rows(schema) else set()
    floats |= {i for i, kind in enumerate(schema.types) if _has_times(kind) and not _may_be_array(kind)}
    return pa.schema(
        [
            field.with_type(with_items(field.type, pa.float64() if i in floats else None))
            for i, field in enumerate(schema)
        ],
        schema.metadata,
    )


def cast_batches(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the rows of a file with the schema of `find_stored_schema`.

    Raises:
        Invalid: while rows are read, if a float does not have a time in a list.
    """
    return (pa.record_batch(_cast_columns(batch, schema), schema) for batch in batches)


def _cast_columns(batch: pa.RecordBatch, schema: pa.Schema) -> list[pa.Array]:
    return [_cast(array, field) for array, field in zip(batch.columns, schema, strict=True)]


def _cast(array: pa.Array, field: pa.Field) -> pa.Array:
    kind = field.type
    if _has_times(array.type) and not _has_times(kind):
        return map_items(array, kind, lambda items: _milliseconds(field.name, from_arrow(items)))
    if is_list(kind) and pa.types.is_decimal(leaf_of(array.type)):
        return map_items(array, kind, lambda items: items.cast(leaf_of(kind)))
    return cast_lists(array, kind)


def _milliseconds(name: str, times: Values) -> pa.Array:
    found = to_milliseconds(times.dtype, times.array)
    if not _is_exact(times, found):
        raise Invalid(
            f"Column {abbreviate(name)}: it holds lists of times, which are stored as milliseconds; these "
            "would be rounded; convert them to microseconds or milliseconds before.",
            column=name,
        )
    return pa.array(found)


def _is_exact(times: Values, milliseconds: NDArray[np.float64]) -> bool:
    """Tell whether milliseconds are those of no other times; microseconds may stand for nanoseconds."""
    unit, integers = time_unit(times.dtype), times.array.view(np.int64)
    divisor = np.where(integers % 1_000, 1, 1_000) if unit == "ns" else 1
    known = ~np.isnat(times.array)
    with np.errstate(invalid="ignore"):  # the result is compared
        if unit in _PER_MILLISECOND:
            back = np.rint(milliseconds * (_PER_MILLISECOND[unit] / divisor)).astype(np.int64) * divisor
        else:
            back = milliseconds.astype(np.int64).astype("m8[ms]").astype(f"m8[{unit}]").view(np.int64)
    return bool(np.array_equal(back[known], integers[known]))


def _find_floats(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> set[int]:
    """Return the numbers of columns whose lists become lists of floats.

    These are lists of decimals, or with missing integers, that float64 has, and lists of times that are no
    array since some are missing.
    """
    arrays = [i for i, kind in enumerate(schema.types) if _may_be_array(kind)]
    numbers = [i for i, kind in enumerate(schema.types) if _may_be_floats(kind)]
    converted = {i for i in numbers if pa.types.is_decimal(leaf_of(schema.types[i]))}
    rounded = set()
    for batch in batches:
        converted |= {i for i in arrays if _has_missing_lists(batch.column(i))}
        for i in numbers:
            items = items_of(batch.column(i))
            if items.null_count:
                converted.add(i)
            if not _fits_float64(items.drop_null()):
                rounded.add(i)
    return converted - rounded


def _fits_float64(items: pa.Array) -> bool:
    if pa.types.is_decimal(items.type):
        return numbers_with_nan(items) is not None
    return is_exact_in_float64(items.to_numpy(zero_copy_only=False))


def _may_be_floats(kind: pa.DataType) -> bool:
    leaf = leaf_of(kind)
    return is_list(kind) and bool(pa.types.is_integer(leaf) or pa.types.is_decimal(leaf))


def _may_be_array(kind: pa.DataType) -> bool:
    """Tell whether a type is that of times in lists of the same length, as in a two-dimensional array."""
    inner = kind
    while pa.types.is_fixed_size_list(inner):
        inner = inner.value_type
    return inner is not kind and bool(pa.types.is_temporal(inner))


def _has_missing_lists(array: pa.Array) -> bool:
    while is_list(array.type):
        if array.null_count:
            return True
        array = array.flatten()
    return False


def _has_times(kind: pa.DataType) -> bool:
    """Tell whether a type is that of lists of dates, times or durations."""
    return is_list(kind) and bool(pa.types.is_temporal(leaf_of(kind)))
