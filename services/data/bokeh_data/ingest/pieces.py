"""Pieces of columns as values."""

import numpy as np

from bokeh_data.columns.arrow_chunks import read_chunk
from bokeh_data.columns.dtypes import is_arrow, numpy_dtype
from bokeh_data.columns.values import Values
from bokeh_data.ingest.widening import arrow_type, widen
from bokeh_data.sandbox.pipe_protocol import ColumnPiece
from bokeh_data.storage.column_store import concatenate


def decode_piece(piece: ColumnPiece) -> Values:
    """Return the values of a piece."""
    if is_arrow(piece.dtype):
        return Values(piece.dtype, read_chunk(memoryview(piece.data)))
    array = np.frombuffer(piece.data, numpy_dtype(piece.dtype))
    return Values(piece.dtype, array.reshape(piece.rows, *piece.row_shape))


def join(parts: list[Values]) -> Values:
    """Return the values of all pieces of a column, in the dtype of the last one, which is the widest."""
    dtype = parts[-1].dtype
    same = [part if part.dtype == dtype else widen(part, dtype, arrow_type(part, dtype)) for part in parts]
    return concatenate(same)
