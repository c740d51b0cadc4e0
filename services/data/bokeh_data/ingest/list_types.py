"""Types of lists in files, as columns have them.

Lists of integers with missing ones become lists of floats with NaN, since BokehJS would draw null at 0. The
items of lists have the same name, whatever it is in the file: rows of one format fit those of another.
"""

from collections.abc import Iterator

import pyarrow as pa

from bokeh_data.columns.lists import cast_lists, is_list, items_of, with_items
from bokeh_data.columns.missing import is_exact_in_float64


def has_integer_lists(schema: pa.Schema) -> bool:
    """Tell whether there are lists of integers, so that `find_stored_schema` reads the rows."""
    return any(map(_is_integer_lists, schema.types))


def find_stored_schema(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.Schema:
    """Return the schema with the types of lists that columns get.

    Lists of integers that float64 would round are left as they are.

    Args:
        schema: of the file.
        batches: all of its rows, which are read if there are lists of integers.
    """
    floats = _find_floats(schema, batches) if has_integer_lists(schema) else set()
    return pa.schema(
        [
            field.with_type(with_items(field.type, pa.float64() if i in floats else None))
            for i, field in enumerate(schema)
        ],
        schema.metadata,
    )


def cast_batches(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the rows of a file with the schema of `find_stored_schema`."""
    return (pa.record_batch(_cast_columns(batch, schema), schema) for batch in batches)


def _cast_columns(batch: pa.RecordBatch, schema: pa.Schema) -> list[pa.Array]:
    pairs = zip(batch.columns, schema.types, strict=True)
    return [cast_lists(array, kind) for array, kind in pairs]


def _find_floats(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> set[int]:
    """Return the numbers of the columns with missing integers in lists, all of which float64 has."""
    numbers = [i for i, kind in enumerate(schema.types) if _is_integer_lists(kind)]
    missing, rounded = set(), set()
    for batch in batches:
        for i in numbers:
            items = items_of(batch.column(i))
            if items.null_count:
                missing.add(i)
            if not is_exact_in_float64(items.drop_null().to_numpy(zero_copy_only=False)):
                rounded.add(i)
    return missing - rounded


def _is_integer_lists(kind: pa.DataType) -> bool:
    if not is_list(kind):
        return False
    return bool(pa.types.is_integer(kind.value_type)) or _is_integer_lists(kind.value_type)
