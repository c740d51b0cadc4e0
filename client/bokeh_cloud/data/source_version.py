"""Versions of a data source, as its history lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DataSourceVersion:
    """A version of a data source.

    Attributes:
        version: its number.
        modified: when it was created.
        rows: of its longest column.
        size: of all columns, in bytes.
    """

    version: int
    modified: datetime
    rows: int
    size: int

    @classmethod
    def from_summary(cls, item: Mapping[str, Any]) -> "DataSourceVersion":
        """Create it from the server's JSON summary."""
        modified = datetime.fromisoformat(item["modified"])
        return cls(item["version"], modified, item["rows"], item["size"])
