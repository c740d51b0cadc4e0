"""The arguments of `Server.DataSource`: a name, a table, and columns by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from bokeh_cloud.data.tables import columns_of, is_table
from bokeh_cloud.errors import CloudError


def read_arguments(args: Sequence[Any], columns: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of a data source, "" if none is given, and its columns by name.

    Raises:
        CloudError: there are two names or two tables, or an argument is neither.
    """
    columns = dict(columns)
    keywords = [
        columns.pop(name) for name, kind in _KEYWORDS.items() if name in columns and kind(columns[name])
    ]
    names = [value for value in (*args, *keywords) if isinstance(value, str)]
    tables = [value for value in (*args, *keywords) if not isinstance(value, str) and value is not None]
    if len(names) > 1 or len(tables) > 1:
        what = f"names ({', '.join(names)})" if len(names) > 1 else "tables"
        raise CloudError(f"A data source has one name and one table, not two {what}.")
    found = columns_of(tables[0]) if tables else {}
    if both := found.keys() & columns.keys():
        raise CloudError(f"The column {sorted(both)[0]!r} is given twice: in the table and by name.")
    return (names or [""])[0], {**found, **columns}


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _is_frame(value: Any) -> bool:
    return value is None or is_table(value)


#: Names of keywords that are not columns, and which values they have then.
_KEYWORDS = {"name": _is_name, "frame": _is_frame}
