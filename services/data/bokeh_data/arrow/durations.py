"""Durations, and times of day with nanoseconds, in lists, structs and maps as integers for files of text."""

import numpy as np
import pyarrow as pa


def with_integer_durations(array: pa.Array) -> pa.Array:
    """Return values with integers of their unit for durations, whatever they are in.

    So it is with times of day with nanoseconds, which Python does not have.
    """
    kind = array.type
    if "duration" not in str(kind) and "time64[ns]" not in str(kind):
        return array
    if pa.types.is_dictionary(kind):
        return with_integer_durations(array.cast(kind.value_type))
    if pa.types.is_struct(kind):
        children = [with_integer_durations(array.field(i)) for i in range(kind.num_fields)]
        names = [kind.field(i).name for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, names, mask=array.is_null())
    return _in_lists(array) if pa.types.is_nested(kind) else array.cast(pa.int64())


def _in_lists(array: pa.Array) -> pa.Array:
    """Convert the items of lists or maps."""
    lengths = [len(row.values) if row.is_valid else 0 for row in array]
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    if pa.types.is_map(array.type):
        start, stop = array.offsets[0].as_py(), array.offsets[len(array)].as_py()
        keys, items = (with_integer_durations(part[start:stop]) for part in (array.keys, array.items))
        return pa.MapArray.from_arrays(offsets, keys, items, mask=array.is_null())
    items = with_integer_durations(array.flatten())  # without those of missing rows
    return pa.ListArray.from_arrays(offsets, items, mask=array.is_null())
