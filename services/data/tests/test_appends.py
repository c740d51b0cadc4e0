"""Many appends of any sizes: chunks are few, and each row is written a few times only."""

from hypothesis import given
from hypothesis import strategies as st

from bokeh_data.columns.manifest import Chunk, Column
from bokeh_data.storage.column_store import CHUNK_BYTES, SMALL_CHUNK_BYTES, _count_kept_chunks

#: Each chunk that is not full is at least about twice as large as the next one, from 4 MiB to 64 KiB.
MAX_PARTIAL_CHUNKS = (CHUNK_BYTES // SMALL_CHUNK_BYTES).bit_length()

SIZES = st.lists(
    st.builds(lambda size, times: [size] * times, st.integers(1, 8 << 20), st.integers(1, 50))
    | st.builds(lambda size, times: [size] * times, st.integers(1, 10_000), st.integers(1, 2000)),
    min_size=1,
    max_size=5,
)


def append(column: Column, size: int) -> tuple[Column, int]:
    """Return a column with additional bytes, as `ColumnStore` does, and how many bytes are written."""
    kept = _count_kept_chunks(column, size)
    size += sum(chunk.size for chunk in column.chunks[kept:])
    added = [Chunk("", min(CHUNK_BYTES, size - at)) for at in range(0, size, CHUNK_BYTES)]
    chunks = (*column.chunks[:kept], *added)
    return Column("uint8", (sum(chunk.size for chunk in chunks),), chunks), size


@given(SIZES)
def test_appends_make_few_chunks(runs: list[list[int]]) -> None:
    column, written = Column("uint8", (0,), ()), 0
    for size in (size for run in runs for size in run):
        column, size_written = append(column, size)
        written += max(size_written - SMALL_CHUNK_BYTES, 0)  # every append may write so many bytes
        assert len(column.chunks) <= column.size / CHUNK_BYTES + MAX_PARTIAL_CHUNKS + 1
    assert written <= 2 * MAX_PARTIAL_CHUNKS * column.size
