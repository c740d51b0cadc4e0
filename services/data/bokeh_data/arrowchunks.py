"""Chunks of Arrow columns: each an Arrow IPC stream of one record batch with one column."""

import pyarrow as pa

FIELD = "values"


def write_chunk(array: pa.Array) -> bytes:
    """Return an array as a chunk."""
    batch = pa.record_batch([array], [FIELD])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_chunk(data: bytes | memoryview) -> pa.Array:
    """Invert `write_chunk`; only this service writes such chunks, after it has validated what is in them."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return reader.read_next_batch().column(0)
