"""Stored columns as a frame of pandas or a table of pyarrow, which need not be installed."""

from collections.abc import Mapping
from typing import Any

from .errors import CloudError
from .stored import StoredColumn
from .values import zone_of


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


def to_arrow(columns: Mapping[str, StoredColumn]) -> Any:
    """Return a table; several dimensions become lists."""
    try:
        import pyarrow as pa
    except ImportError:
        raise CloudError("A table of pyarrow needs: pip install pyarrow") from None
    return pa.table({name: _arrow(pa, column) for name, column in columns.items()})


def _arrow(pa: Any, column: StoredColumn) -> Any:
    values = column.values
    if values.ndim > 1 or values.dtype.kind in "Oc":
        return pa.array(values.tolist())
    array = pa.array(values)
    zone = zone_of(column.dtype)
    return array.cast(pa.timestamp(array.type.unit, zone)) if zone else array
