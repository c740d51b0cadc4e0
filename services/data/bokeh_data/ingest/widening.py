"""The dtype of a column whose values arrive in batches, some with nulls and some without.

A batch of integers is int64 without nulls, float64 with nulls, and Arrow if float64 would round it. The
column has the widest of these.
"""

import re

import pyarrow as pa

from bokeh_data.columns.dtypes import is_arrow, numpy_dtype
from bokeh_data.columns.missing import is_exact_in_float64, nan_to_null
from bokeh_data.columns.values import Values, to_arrow

_DECIMAL = re.compile(r"decimal(128|256)\((\d+), (-?\d+)\)")


class Widening:
    """The dtype that has all values so far."""

    def __init__(self) -> None:
        self._dtype: str | None = None
        self._is_exact = True  # whether float64 has all integers so far

    def add(self, values: Values, kind: pa.DataType) -> str:
        """Return the dtype for the values so far and these.

        Args:
            values: of the next batch.
            kind: the type of Arrow that all batches have.
        """
        if not is_arrow(values.dtype) and values.array.dtype.kind in "iu":
            self._is_exact = self._is_exact and is_exact_in_float64(values.array.reshape(-1))
        if self._dtype not in (None, values.dtype):
            self._dtype = self._common(values.dtype, f"arrow[{kind}]")
        self._dtype = self._dtype or values.dtype
        return self._dtype

    def _common(self, dtype: str, arrow: str) -> str:
        """Return the dtype that has values of two different dtypes."""
        both = {dtype, self._dtype}
        return "float64" if "float64" in both and arrow not in both and self._is_exact else arrow


def arrow_type(values: Values, dtype: str) -> pa.DataType:
    """Return the type of Arrow for values of a fixed dtype whose column has been widened to `dtype`."""
    name = dtype.removeprefix("arrow[").removesuffix("]")
    if decimal := _DECIMAL.fullmatch(name):
        make = pa.decimal128 if decimal[1] == "128" else pa.decimal256
        return make(int(decimal[2]), int(decimal[3]))
    is_number = not values.row_shape and values.array.dtype.kind in "biuf"
    return pa.type_for_alias(name) if is_number else to_arrow(values).type


def widen(values: Values, dtype: str, kind: pa.DataType) -> Values:
    """Return values in a dtype that `Widening` returned for them; `kind` is the type of Arrow."""
    if values.dtype == dtype:
        return values
    if not is_arrow(dtype):
        return Values(dtype, values.array.astype(numpy_dtype(dtype)))
    is_float = not values.row_shape and values.array.dtype.kind == "f"
    array = nan_to_null(values.array) if is_float else to_arrow(values)
    return Values(dtype, array if array.type == kind else array.cast(kind))
