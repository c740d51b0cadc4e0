"""Chunks of Arrow columns: each an Arrow IPC stream of one record batch with one column."""

import pyarrow as pa

from bokeh_common.errors import Invalid

FIELD = "values"

#: Of a chunk that a client wrote; who cuts chunks here stays below, also where rows take no bytes.
MAX_ROWS = 4 << 20


def write_chunk(array: pa.Array) -> bytes:
    """Return an array as a chunk."""
    batch = pa.record_batch([array], [FIELD])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_chunk(data: bytes | memoryview) -> pa.Array:
    """Invert `write_chunk`; what is in a chunk has been validated before anything refers to it."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return reader.read_next_batch().column(0)


def check_chunk(data: bytes | memoryview, dtype: str, rows: int | None) -> pa.Array:
    """Return the array of a chunk that a client wrote; `Invalid` unless it is what its column says.

    It may take any amount of memory: a chunk can be packed, and a row can be large and take no bytes.

    Args:
        data: of the chunk.
        dtype: of the column, `arrow[...]`.
        rows: how many it is said to have.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            [batch] = reader
        [array] = batch.columns
        array.validate(full=True)
    except MemoryError:  # one of Arrow's is an `ArrowException`, too
        raise
    except (ValueError, pa.ArrowException) as error:
        raise Invalid(f"A chunk is no Arrow stream of one valid column: {error}.") from None
    if f"arrow[{array.type}]" != dtype or len(array) != rows:
        raise Invalid(f"A chunk has {len(array)} rows of {array.type}, not {rows} of {dtype}.")
    if array.nbytes > len(data):
        raise Invalid("A chunk is packed; write the stream without compression.")
    if len(array) > MAX_ROWS:
        raise Invalid(f"A chunk has {len(array)} rows, and may have {MAX_ROWS}; write smaller ones.")
    return array
