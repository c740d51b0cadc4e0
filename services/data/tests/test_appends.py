"""Many appends: however rows come, there are few chunks to read, and each row is written a few times."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_data.columns import Chunk, Column
from bokeh_data.columnstore import CHUNK_BYTES, SMALL_BYTES, _kept

#: Each chunk that is not full is at least about twice as long as the one after it: from 4 MiB to 64 KiB.
NOT_FULL = (CHUNK_BYTES // SMALL_BYTES).bit_length()

SIZES = st.lists(
    st.builds(lambda size, times: [size] * times, st.integers(1, 8 << 20), st.integers(1, 50))
    | st.builds(lambda size, times: [size] * times, st.integers(1, 10_000), st.integers(1, 2000)),
    min_size=1,
    max_size=5,
)


def appended(column: Column, size: int) -> tuple[Column, int]:
    """Return the column with so many bytes more, cut as `ColumnStore` does, and how many are written."""
    kept = _kept(column, size)
    size += sum(chunk.size for chunk in column.chunks[kept:])
    added = [Chunk("", min(CHUNK_BYTES, size - at)) for at in range(0, size, CHUNK_BYTES)]
    chunks = (*column.chunks[:kept], *added)
    return Column("uint8", (sum(chunk.size for chunk in chunks),), chunks), size


@settings(deadline=None)
@given(SIZES)
def test_there_are_few_chunks(runs: list[list[int]]) -> None:
    column, written = Column("uint8", (0,), ()), 0
    for size in (size for run in runs for size in run):
        column, bytes_of_it = appended(column, size)
        written += max(bytes_of_it - SMALL_BYTES, 0)  # so many may be written with every append
        assert len(column.chunks) <= column.size / CHUNK_BYTES + NOT_FULL + 1
    assert written <= 2 * NOT_FULL * column.size
