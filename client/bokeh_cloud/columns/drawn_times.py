"""Times in figures: Bokeh serialises them as milliseconds, and their type is stored beside the column."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from bokeh.core.has_props import HasProps
from bokeh.models import ColumnarDataSource
from bokeh.util.serialization import convert_datetime_array

from bokeh_cloud.columns.item_kinds import is_missing, kinds_of
from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.columns.values import dtype_of, read_values
from bokeh_cloud.errors import CloudError

#: Units that milliseconds as float64 can hold; finer ones become microseconds.
UNITS = ("D", "s", "ms", "us")
FINEST_UNIT = "us"
MAX_MILLISECONDS = 9e15

#: Names of dtypes of times in pandas and polars, which are none of NumPy.
TIME_DTYPES = ("Datetime", "Duration", "PeriodDtype")

Types = Mapping[str, str]


def drawn_types(models: Iterable[HasProps]) -> dict[str, Types]:
    """Return the types of times in data sources, by the id of the model and the name of the column."""
    sources = (model for model in models if isinstance(model, ColumnarDataSource))
    return {str(source.id): _types(getattr(source, "data", None)) for source in sources}


def drawn_type(name: str, values: Any) -> str | None:
    """Return the dtype of the times that a column draws, such as `datetime64[us, Europe/Zurich]`.

    Args:
        name: of the column.
        values: of the column.

    Returns:
        None if the values are no times, or are not serialised as milliseconds.
    """
    if isinstance(values, StoredColumn) or not _may_be_times(values):
        return None
    try:
        plain = read_values(name, values)
    except CloudError:
        return None
    if not isinstance(plain.values, np.ndarray) or plain.values.dtype.kind not in "Mm":
        return None
    kind, zone = dtype_of(plain).partition("[")[0], plain.zone
    if _has_python_time_zone(values):
        zone = None  # Bokeh draws the wall clock of Python's datetimes
    unit = np.datetime_data(plain.values.dtype)[0]
    return f"{kind}[{unit if unit in UNITS else FINEST_UNIT}{f', {zone}' if zone else ''}]"


def from_milliseconds(values: Any, dtype: str) -> Any:
    """Return milliseconds as times, as an array of datetime64 or timedelta64; missing ones are NaT.

    Values that microseconds cannot hold are returned unchanged.
    """
    items = [np.nan if value is None else value for value in values] if values.dtype == object else values
    milliseconds = np.array(items, float)
    valid = np.isfinite(milliseconds)
    if (np.abs(milliseconds[valid]) > MAX_MILLISECONDS).any():
        return values
    kind, _, unit = dtype.partition(",")[0].rstrip("]").partition("[")
    whole = np.floor(milliseconds[valid])
    fraction = np.rint((milliseconds[valid] - whole) * 1000)
    microseconds = np.full(milliseconds.shape, np.iinfo(np.int64).min)
    microseconds[valid] = whole.astype(np.int64) * 1000 + fraction.astype(np.int64)
    return microseconds.view(f"{_code(kind)}8[us]").astype(f"{_code(kind)}8[{unit}]")


def _code(kind: str) -> str:
    return "M" if kind == "datetime64" else "m"


def _types(data: Any) -> Types:
    if not isinstance(data, Mapping):  # a GeoJSONDataSource has a string
        return {}
    found = {str(name): drawn_type(str(name), values) for name, values in data.items()}
    return {name: dtype for name, dtype in found.items() if dtype is not None}


def _may_be_times(values: Any) -> bool:
    dtype = getattr(values, "dtype", None)
    if getattr(dtype, "kind", "") in ("M", "m") or type(dtype).__name__ in (
        "Datetime",
        "Duration",
        "PeriodDtype",
    ):
        return True
    if not isinstance(values, (list, tuple)) and getattr(dtype, "kind", "") != "O":
        return False
    kinds = kinds_of(item for item in values if not is_missing(item))  # among them NaN of pandas
    if "date" in kinds:
        return kinds <= {"datetime", "date"} and _are_dates_milliseconds(values)
    return kinds in ({"datetime"}, {"duration"}, {"time"})


def _are_dates_milliseconds(values: Any) -> bool:
    """Return whether Bokeh serialises dates as milliseconds; those of lists are strings (ISO 8601)."""
    return not isinstance(values, (list, tuple)) and convert_datetime_array(np.asarray(values)).dtype == float


def _has_python_time_zone(values: Any) -> bool:
    """Return whether these are Python's datetimes with a time zone, rather than those of an array."""
    is_list = isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.dtype == object)
    return is_list and any(
        getattr(item, "tzinfo", None) and not hasattr(item, "to_datetime64") for item in values
    )
