"""The arguments of `Server.DataSource`: a name, a table, and columns by name."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from bokeh_cloud.columns.plain_values import PlainValues, ZonedTimes
from bokeh_cloud.data.tables import columns_of, is_table
from bokeh_cloud.errors import CloudError

#: Times with a time zone, as pandas writes their dtype.
ZONED = re.compile(r"datetime64\[(s|ms|us|ns), *([^\]]+)\]")

#: Names of types for which NumPy has another dtype, or none.
_ALIASES = {datetime: "datetime64[us]", date: "datetime64[D]", timedelta: "timedelta64[us]", "string": str}


def read_arguments(args: Sequence[Any], columns: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of a data source, "" if none is given, and its columns by name.

    Raises:
        CloudError: there are two names or two tables, or an argument is neither.
    """
    columns = dict(columns)
    dtypes = columns.pop("dtypes") if isinstance(columns.get("dtypes"), Mapping) else {}
    keywords = [
        columns.pop(name) for name, kind in _KEYWORDS.items() if name in columns and kind(columns[name])
    ]
    names = [value for value in (*args, *keywords) if isinstance(value, str)]
    tables = [value for value in (*args, *keywords) if not isinstance(value, str) and value is not None]
    if len(names) > 1 or len(tables) > 1:
        what = f"names ({', '.join(names)})" if len(names) > 1 else "tables"
        raise CloudError(f"A data source has one name and one table, not two {what}.")
    found = columns_of(tables[0]) if tables else {}
    if dtypes:
        if found or columns:
            raise CloudError("dtypes are those of a data source without rows: give either dtypes or columns.")
        found = {name: _empty_column(name, dtype) for name, dtype in dtypes.items()}
    if both := found.keys() & columns.keys():
        raise CloudError(f"The column {sorted(both)[0]!r} is given twice: in the table and by name.")
    return (names or [""])[0], {**found, **columns}


def _empty_column(name: str, dtype: Any) -> Any:
    """Return a column without rows of a dtype, as NumPy or pandas write it, or of a type of Python."""
    dtype = _ALIASES.get(dtype, dtype)
    if dtype is str:
        return PlainValues([], arrow_type="string")
    if isinstance(dtype, str) and (zoned := ZONED.fullmatch(dtype)):
        return ZonedTimes(np.array([], f"M8[{zoned[1]}]"), zoned[2])
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "biufcmM":
        raise CloudError(
            f"The dtype of {name!r} is {dtype!r}: write float, int, bool, str, datetime, a dtype of NumPy, "
            "such as 'float32' or 'datetime64[ms]', or 'datetime64[us, Europe/Berlin]'."
        )
    return np.array([], found)


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _is_frame(value: Any) -> bool:
    return value is None or is_table(value)


#: Names of keywords that are not columns, and which values they have then.
_KEYWORDS = {"name": _is_name, "frame": _is_frame}
