"""What columns hold, in the words of users: numbers, times, strings; whether values are of the same kind."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bokeh_cloud.columns.arrow_values import typed_array
from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.columns.values import dtype_of, read_values, time_zone_of
from bokeh_cloud.errors import CloudError

#: The dtype of a list without items, which takes the type of its first rows.
NULL = "arrow[null]"

_NUMBERS = ("int", "uint", "float", "double", "halffloat", "decimal")
_PREFIXES = {"timedelta64": "durations", "complex": "complex numbers", "list": "lists"}

ZONED, WITHOUT_ZONE = "times with a time zone", "times without a time zone"


def kind_of(dtype: str) -> str:
    """Return what a column of a dtype holds, such as "numbers"; "" for anything."""
    inner = dtype[6:-1] if dtype.startswith("arrow[") else dtype
    if dtype == "packed" or inner == "null":
        return ""
    if inner.startswith(("datetime64", "timestamp")):
        return ZONED if time_zone_of(dtype) or "tz=" in inner else WITHOUT_ZONE
    if inner.startswith("dictionary<values="):
        return kind_of(f"arrow[{inner.removeprefix('dictionary<values=').partition(',')[0]}]")
    if inner.startswith(_NUMBERS):
        return "numbers"
    if inner in ("string", "large_string", "string_view"):
        return "strings"
    if inner == "bool":
        return "booleans"
    return next((kind for prefix, kind in _PREFIXES.items() if inner.startswith(prefix)), inner)


def kind_of_values(name: str, values: Any) -> str:
    """Return what values are, as `kind_of`; "" if there are none, or only missing ones."""
    if isinstance(values, StoredColumn):
        return kind_of(values.dtype)
    typed = typed_array(name, values)
    if typed is not None:
        return kind_of(f"arrow[{typed.type}]")
    plain = read_values(name, values)
    if plain.is_mixed:
        return kind_of("packed")
    if isinstance(plain.values, np.ndarray):
        return kind_of(dtype_of(plain))
    if not plain.arrow_type:
        return "lists" if any(item is not None for item in plain.values) else ""
    return kind_of(f"arrow[{plain.arrow_type}]")


def require_same_kind(name: str, values: Any, column: Mapping[str, Any]) -> None:
    """Raise CloudError unless values are of the kind of a stored column.

    A column of floats without rows takes any, since this is NumPy's type of an empty list.
    """
    found, wanted = kind_of_values(name, values), kind_of(column["dtype"])
    if not found or not wanted or found == wanted or is_undecided(column):
        return
    if (wanted, found) == ("complex numbers", "numbers"):
        return
    advice = _ADVICE.get((wanted, found), "convert them, or replace the column with update()")
    raise CloudError(f"Column {name!r} holds {wanted}; these are {found}: {advice}.")


def require_same_columns(source: str, given: Mapping[str, Any], stored: Mapping[str, StoredColumn]) -> None:
    """Raise CloudError unless columns have the names and kinds of those of the data source of this name."""
    differences = [f"it has a column {name!r}, these do not" for name in stored if name not in given]
    differences += [f"it has no column {name!r}" for name in given if name not in stored]
    for name in [name for name in given if name in stored]:
        found, wanted = kind_of_values(name, given[name]), kind_of(stored[name].dtype)
        if found and wanted and found != wanted and not is_undecided(_summary(stored[name])):
            differences.append(f"its column {name!r} holds {wanted}, these are {found}")
    if differences:
        more = f", and {len(differences) - 5} more" if len(differences) > 5 else ""
        raise CloudError(
            f"There is a data source {source!r} with other columns: {'; '.join(differences[:5])}{more}. "
            f"Choose another name, or replace its columns: source({source!r}).replace({{...}}). Plots that "
            "draw a column which it then lacks do not show it."
        )


def has_rows(columns: Mapping[str, Any]) -> bool:
    """Return whether any of the columns has rows."""
    return any(len(values) for values in columns.values())


def is_undecided(column: Mapping[str, Any]) -> bool:
    """Return whether a stored column may take the type of its first rows."""
    return column["dtype"] == NULL or (column["dtype"] == "float64" and not column["shape"][0])


def _summary(column: StoredColumn) -> Mapping[str, Any]:
    return {"dtype": column.dtype, "shape": column.shape}


_ADVICE = {
    (ZONED, WITHOUT_ZONE): "write datetime.now(UTC), time.astimezone() or series.dt.tz_localize('UTC')",
    (WITHOUT_ZONE, ZONED): "write time.replace(tzinfo=None) or series.dt.tz_localize(None)",
}
