"""Patches of columns, as Bokeh's `ColumnDataSource.patch` takes them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bokeh_cloud.columns.arrow_values import is_read_as_arrow
from bokeh_cloud.columns.casting import cast_to
from bokeh_cloud.columns.plain_values import PlainValues, ZonedTimes
from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.columns.values import is_fixed_width, read_values, time_zone_of
from bokeh_cloud.errors import CloudError


def patch_column(name: str, column: StoredColumn, changes: Iterable[tuple[Any, Any]]) -> Any:
    """Return the values of a column with some of them changed.

    Args:
        name: of the column, for messages.
        column: is not changed.
        changes: pairs of a row and its value, or of a slice and its values; in columns of several dimensions
            the first may be a tuple of a row and further indices or slices.

    Raises:
        CloudError: an index is out of range, or values do not fit the column or their slice.
    """
    if is_read_as_arrow(column.dtype):
        raise CloudError(
            f"Column {name!r} holds {column.dtype[6:-1]}, of which single values cannot be changed: replace "
            "the column with update()."
        )
    values = np.array(column.values)
    for index, new in changes:
        _patch(name, column, values, index, new)
    if column.dtype != "packed" and not is_fixed_width(column.dtype) and read_values(name, values).is_mixed:
        raise CloudError(f"Column {name!r} holds {column.dtype[6:-1]}; the new values are of another type.")
    zone = time_zone_of(column.dtype)
    return ZonedTimes(values, zone) if zone else values


def _patch(name: str, column: StoredColumn, values: Any, index: Any, new: Any) -> None:
    indices = index if isinstance(index, (tuple, list)) else (index,)
    _check_indices(name, values, indices)
    selected = values[tuple(indices)]
    is_single = not isinstance(selected, np.ndarray) or not any(isinstance(i, slice) for i in indices)
    items = [new] if is_single else new
    if not is_fixed_width(column.dtype):
        values[tuple(indices)] = _objects(name, column.dtype, items, selected, is_single)
        return
    fitting = cast_to(name, _read(name, column.dtype, items), column.dtype)
    if is_single:
        fitting = fitting[0]
    if fitting.shape != np.shape(selected):
        raise CloudError(
            f"Column {name!r}: the patch {index} has {_count(fitting)} for {_count(selected)}: give each "
            "element one value."
        )
    values[tuple(indices)] = fitting


def _read(name: str, dtype: str, new: Any) -> PlainValues:
    """Return new values; those of NumPy without a time zone are in UTC, as a column with one is stored."""
    plain = read_values(name, new)
    zone = time_zone_of(dtype)
    is_numpy = isinstance(new, np.ndarray) or all(isinstance(item, np.datetime64) for item in new)
    if zone and plain.zone is None and is_numpy:
        return PlainValues(plain.values, zone)
    return plain


def _objects(name: str, dtype: str, new: Sequence[Any], selected: Any, is_single: bool) -> Any:
    """Return new values of a column of strings, booleans or lists."""
    plain = read_values(name, new)
    kind = f"arrow[{plain.arrow_type}]" if plain.arrow_type else "arrow[bool]"
    is_text_or_truth = dtype in ("arrow[string]", "arrow[large_string]", "arrow[bool]")
    items = list(plain.values)
    has_values = any(item is not None for item in items)
    if is_text_or_truth and has_values and kind.replace("large_", "") != dtype.replace("large_", ""):
        raise CloudError(
            f"Column {name!r} holds {dtype[6:-1]}; {new!r} is not: convert it, or replace the column with "
            "update()."
        )
    if is_single:
        return items[0]
    if len(items) != len(selected):
        raise CloudError(f"Column {name!r}: the patch has {len(items)} values for {len(selected)} rows.")
    found = np.empty(len(items), dtype=object)
    found[:] = items
    return found


def _check_indices(name: str, values: Any, indices: Sequence[Any]) -> None:
    if len(indices) > values.ndim:
        raise CloudError(f"Column {name!r} has {values.ndim} dimensions, not {len(indices)}.")
    for i, length in zip(indices, values.shape, strict=False):
        is_valid = _is_valid_slice(i, length) if isinstance(i, slice) else _is_valid_row(i, length)
        if not is_valid:
            raise CloudError(f"Column {name!r} has {length} rows: {i!r} is not an index or a slice of these.")


def _is_valid_slice(index: slice, length: int) -> bool:
    bounds = [bound for bound in (index.start, index.stop) if bound is not None]
    return index.step != 0 and all(isinstance(bound, int) and -length <= bound <= length for bound in bounds)


def _is_valid_row(index: Any, length: int) -> bool:
    is_integer = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
    return is_integer and -length <= int(index) < length


def _count(values: Any) -> str:
    return "x".join(map(str, np.shape(values))) or "1"
