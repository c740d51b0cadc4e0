"""The first rows of a data source, as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: How many rows and columns a page shows.
ROWS = 10
COLUMNS = 12

#: Columns whose rows have more bytes on average, such as images, are left out.
MAX_ROW_BYTES = 4096

MAX_CELL_LENGTH = 120  # characters


@dataclass(frozen=True)
class FirstRows:
    """A table.

    Attributes:
        columns: the names.
        rows: the values as text; None where one is missing.
        left_out: how many columns are left out.
        problem: why there are no rows; empty if there are.
    """

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | None]] = field(default_factory=list)
    left_out: int = 0
    problem: str = ""


def shown_columns(columns: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of the columns that are shown, from the summary of a data source."""
    small = [name for name, column in columns.items() if _row_bytes(column) <= MAX_ROW_BYTES]
    return small[:COLUMNS]


def quote_name(name: str) -> str:
    """Return the name of a column as lists in queries take it."""
    return '"' + name.replace('"', '""') + '"'


def table_of(columns: Mapping[str, Sequence[Any]], left_out: int) -> FirstRows:
    """Return the table of columns by name."""
    rows = [[_cell(value) for value in row] for row in zip(*columns.values(), strict=False)]
    return FirstRows([*columns], rows, left_out)


def _row_bytes(column: Mapping[str, Any]) -> float:
    if column["dtype"] == "packed":  # its length is that of its bytes
        return int(column["size"]) / ROWS
    return int(column["size"]) / max(1, int(column["length"]))


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_CELL_LENGTH else f"{text[:MAX_CELL_LENGTH]}..."
