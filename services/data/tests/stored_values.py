"""What the columns of a data source contain."""

from typing import Any

import numpy as np

from bokeh_data.columns.values import Values
from bokeh_data.sources.source import Source
from bokeh_data.storage.column_store import ColumnStore


def read(domain: Any, source: Source, name: str) -> list[Any]:
    """Return the stored values of a column."""
    [column] = domain.columns.get("ada", [source.hashes[name]])
    values = [
        item
        for part in ColumnStore(domain.repository).rows(column, 0, column.length)
        for item in to_list(part)
    ]
    assert len(values) == column.length
    return values


def to_list(values: Values) -> list[Any]:
    return list(values.array.tolist() if isinstance(values.array, np.ndarray) else values.array.to_pylist())
