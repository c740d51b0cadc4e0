"""Stored columns as a frame of pandas or a table of pyarrow, which need not be installed."""

from collections.abc import Mapping
from typing import Any

from .connection import Connection
from .errors import CloudError
from .stored import StoredColumn
from .values import zone_of

ARROW = "application/vnd.apache.arrow.stream"


def to_pandas(columns: Mapping[str, StoredColumn]) -> Any:
    """Return a frame; times with a zone have it again."""
    try:
        import pandas as pd
    except ImportError:
        raise CloudError("A frame of pandas needs: pip install pandas") from None
    found = {}
    for name, column in columns.items():
        series = pd.Series(list(column.values) if column.values.ndim > 1 else column.values)
        zone = zone_of(column.dtype)
        found[name] = series.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else series
    return pd.DataFrame(found)


def to_arrow(connection: Connection, path: str) -> Any:
    """Return a table, as the server sends it."""
    try:
        import pyarrow as pa
    except ImportError:
        raise CloudError("A table of pyarrow needs: pip install pyarrow") from None
    response = connection.request("GET", f"{path}?full", headers={"Accept": ARROW})
    with pa.ipc.open_stream(response.content) as reader:
        return reader.read_all()
