"""Columns as a frame of pandas or a table of pyarrow, which need not be installed."""

from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from .errors import CloudError, ServerUnreachable
from .stored import StoredColumn
from .values import zone_of


def to_pandas(columns: Mapping[str, StoredColumn], rows: Mapping[str, Any] | None = None) -> Any:
    """Return a frame of columns, or of the `rows` of them that were read; times with a zone have it again."""
    try:
        import pandas as pd
    except ImportError:
        raise CloudError("A frame of pandas needs: pip install pandas") from None
    found = {}
    for name, column in columns.items():
        values = column.values if rows is None else rows[name]
        series = pd.Series(list(values) if values.ndim > 1 else values)
        zone = zone_of(column.dtype)
        found[name] = series.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else series
    return pd.DataFrame(found)


def to_arrow(columns: Mapping[str, StoredColumn]) -> Any:
    """Return a table of whole columns; several dimensions become lists."""
    pa = pyarrow()
    return pa.table({name: _arrow(pa, column) for name, column in columns.items()})


def table_in(response: requests.Response) -> Any:
    """Return the table of an answer that is an Arrow stream, as it comes in.

    Raises:
        ServerUnreachable: it ended too early.
    """
    pa = pyarrow()
    response.raw.decode_content = True
    try:
        with response, pa.PythonFile(response.raw, "r") as file, pa.ipc.open_stream(file) as stream:
            return stream.read_all()
    except (HTTPError, OSError, pa.ArrowInvalid) as error:
        raise ServerUnreachable(f"The connection broke while data came in ({error}); try again.") from error


def pyarrow() -> Any:
    """Return the module; CloudError where it is missing."""
    try:
        import pyarrow as pa
    except ImportError:
        raise CloudError("A table of pyarrow needs: pip install pyarrow") from None
    return pa


def _arrow(pa: Any, column: StoredColumn) -> Any:
    values = column.values
    if values.ndim > 1 or values.dtype.kind in "Oc":
        return pa.array(values.tolist())
    array = pa.array(values)
    zone = zone_of(column.dtype)
    return array.cast(pa.timestamp(array.type.unit, zone)) if zone else array
