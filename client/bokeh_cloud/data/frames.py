"""Converts columns to data frames (pandas) and tables (pyarrow); neither package needs to be installed."""

import json
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from bokeh_cloud.columns.item_kinds import NUMBERS, is_missing, kinds_of
from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.columns.timezone_names import is_iana_name
from bokeh_cloud.columns.values import time_zone_of
from bokeh_cloud.errors import CloudError, ServerUnreachable

#: pandas' dtypes for Arrow columns of numbers and booleans, which may have nulls.
NULLABLE = {
    "arrow[bool]": "boolean", "arrow[float]": "float32", "arrow[double]": "float64",
    **{f"arrow[int{bits}]": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"arrow[uint{bits}]": f"UInt{bits}" for bits in (8, 16, 32, 64)},
}  # fmt: skip


def to_pandas(columns: Mapping[str, StoredColumn], rows: Mapping[str, Any] | None = None) -> Any:
    """Return columns as a pandas data frame, with the time zone of each column of times.

    Args:
        columns: by name.
        rows: values by name, if only some rows were read; None for the values of the columns.

    Raises:
        CloudError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise CloudError("A pandas data frame needs: pip install pandas") from None
    found = {}
    for name, column in columns.items():
        values = column.values if rows is None else rows[name]
        found[name] = _to_series(pd, column.dtype, values)
    return pd.DataFrame(found)


def to_arrow(columns: Mapping[str, StoredColumn]) -> Any:
    """Return all values of columns as a pyarrow table; arrays with several dimensions become lists."""
    pa = pyarrow()
    return pa.table({name: _to_arrow_array(pa, column) for name, column in columns.items()})


def read_arrow_stream(response: requests.Response) -> Any:
    """Return the pyarrow table of a response that is an Arrow IPC stream, reading it while it is received.

    Raises:
        ServerUnreachable: the response is incomplete.
    """
    pa = pyarrow()
    response.raw.decode_content = True
    try:
        with response, pa.PythonFile(response.raw, "r") as file, pa.ipc.open_stream(file) as stream:
            return stream.read_all()
    except (HTTPError, OSError, pa.ArrowInvalid) as error:
        raise ServerUnreachable(f"The connection was lost during a download ({error}); try again.") from error


def pyarrow(needed_by: str = "A pyarrow table") -> Any:
    """Return the module pyarrow; raises CloudError if it is not installed."""
    try:
        import pyarrow as pa
    except ImportError:
        raise CloudError(f"{needed_by} needs: pip install pyarrow") from None
    return pa


def _to_series(pd: Any, dtype: str, values: Any) -> Any:
    if dtype in NULLABLE:
        items = [None if is_missing(item) else item for item in values]
        return pd.Series(items, dtype=NULLABLE[dtype])
    series = pd.Series(list(values) if values.ndim > 1 else values)
    zone = time_zone_of(dtype)
    if zone is None:
        return series
    return series.dt.tz_localize("UTC").dt.tz_convert(
        zone if zone[0] in "+-" or is_iana_name(zone) else "UTC"
    )


def _to_arrow_array(pa: Any, column: StoredColumn) -> Any:
    values = column.values
    if values.dtype == object:
        return _objects_to_arrow(pa, values.tolist())
    if values.ndim > 1 or values.dtype.kind == "c":
        return pa.array(values.tolist())
    array = pa.array(values)
    zone = time_zone_of(column.dtype)
    return array.cast(pa.timestamp(array.type.unit, zone)) if zone else array


def _objects_to_arrow(pa: Any, items: list[Any]) -> Any:
    """Return Python's objects as an Arrow array; as strings, if they have no common type, as the server does.

    NaN among other things than numbers, such as strings of pandas, is a missing value.
    """
    if not kinds_of(item for item in items if not is_missing(item)) <= NUMBERS:
        items = [None if is_missing(item) else item for item in items]
    try:
        return pa.array(items)
    except pa.ArrowException:
        return pa.array([_to_string(item) for item in items])


def _to_string(item: Any) -> str | None:
    return item if item is None or isinstance(item, str) else json.dumps(item)
