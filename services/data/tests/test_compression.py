"""Compressed chunks: the codec, the chunk store and the compressor."""

import resource
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from bokeh_common.errors import Unavailable
from bokeh_common.hashing import hash_bytes
from bokeh_data.storage import chunk_codec
from bokeh_data.storage.chunk_codec import (
    BLOCK_BYTES,
    WIDTHS,
    DamagedChunk,
    choose_width,
    compress,
    decompress,
)
from bokeh_data.storage.chunk_store import ChunkStore
from bokeh_data.storage.compressor import Compressor
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.viewport import Window

FAR_FUTURE = 1e12  # POSIX seconds

DATA = st.builds(lambda part, times, rest: part * times + rest, st.binary(), st.integers(0, 400), st.binary())


def split(data: bytes, places: list[int]) -> Iterator[bytes]:
    """Yield data in blocks that end at some places."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    yield from (data[a:b] for a, b in pairwise(edges))


@given(
    DATA,
    st.sampled_from(WIDTHS),
    st.lists(st.integers(0, 1 << 20), max_size=5),
    st.integers(0, 3000),
    st.none() | st.integers(0, 3000),
)
def test_decompression_inverts_compression(
    data: bytes, width: int, places: list[int], start: int, end: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk_codec, "BLOCK_BYTES", 512)  # so that there are several frames
        compressed = b"".join(compress(memoryview(data), width))
        assert b"".join(decompress(split(compressed, places))) == data
        assert b"".join(decompress(split(compressed, places), start, end)) == data[start:end]


@given(DATA, st.sampled_from(WIDTHS), st.data())
def test_damage_is_detected_or_bounded(data: bytes, width: int, draw: Any) -> None:
    compressed = bytearray(b"".join(compress(memoryview(data), width)))
    at = draw.draw(st.integers(0, len(compressed) - 1))
    match draw.draw(st.sampled_from(["truncated", "changed", "extended"])):
        case "truncated":
            del compressed[at:]
        case "changed":
            compressed[at] ^= draw.draw(st.integers(1, 255))
        case _:
            compressed += draw.draw(st.binary(min_size=1))
    try:
        size = sum(map(len, decompress([bytes(compressed)])))
    except DamagedChunk:
        return
    assert size <= BLOCK_BYTES * 2


def bomb(frames: int, frame: bytes) -> Iterator[bytes]:
    """Yield a compressed chunk with the same frame many times."""
    yield struct.pack("<4sB", b"bkz1", 1)
    for _ in range(frames):
        yield struct.pack("<I", len(frame)) + frame


def test_decompression_bombs_take_little_memory() -> None:
    small, compressor = zstd.compress(bytes(BLOCK_BYTES)), zstd.ZstdCompressor()
    huge = b"".join(compressor.compress(bytes(BLOCK_BYTES)) for _ in range(256)) + compressor.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bombs = bomb(1_000_000, small), bomb(1, huge), bomb(1, zstd.compress(b"")), bomb(2, small + small)
    for blocks in bombs:
        with pytest.raises(DamagedChunk):
            for _ in decompress(blocks):
                pass
    with pytest.raises(DamagedChunk):
        list(decompress([struct.pack("<4sBI", b"bkz1", 1, (1 << 32) - 1)]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10  # KiB


def test_the_width_is_chosen_by_the_values() -> None:
    random = np.random.default_rng(1)
    times = np.arange("2024-01-01", 500_000, dtype="M8[s]").astype("M8[ms]")
    floats = random.standard_normal(500_000)
    assert choose_width(memoryview(times.tobytes())) == 8
    assert choose_width(memoryview(floats.tobytes())) is None
    assert choose_width(memoryview(np.round(floats, 1).tobytes())) is not None
    assert choose_width(memoryview(random.integers(0, 9, 500_000).astype("i2").tobytes())) == 2
    assert choose_width(memoryview(random.bytes(5000))) is None
    assert choose_width(memoryview(b"text and more text, " * 300)) == 1


def stored(repository: DataRepository, form: str) -> dict[str, int]:
    """Return the bytes of the chunks that are stored in a form."""
    found = repository._blobs.list(f"{form}/", limit=10_000)
    return {stat.key.partition("/")[2]: stat.size for stat in found}


def compress_all(repository: DataRepository, since: float = 0.0) -> int:
    """Compress all chunks; return how many were compressed."""
    compressor, after, chunks = Compressor(repository._blobs), "", 0
    while True:
        progress = compressor.run(after, since, FAR_FUTURE)
        chunks += progress.chunks
        if progress.after is None:
            return chunks
        after = progress.after


def test_windows_restore_compressed_chunks(table: Any, repository: DataRepository) -> None:
    count = 1_000_000
    table.append(x=np.arange(count) // 4, y=np.repeat(np.arange(count // 8.0), 8))
    assert compress_all(repository) == 4
    assert not stored(repository, "chunks")
    window = Window("x", ("y",), 50, 200_000, 100)
    found = table.query(window)
    inside = (table.arrays["x"] >= 50) & (table.arrays["x"] <= 200_000)
    assert found.columns["y"].array.max() == table.arrays["y"][inside].max()
    assert len(stored(repository, "chunks")) == 4
    table.readers.flush()
    assert compress_all(repository) == 0  # chunks with pyramids stay raw
    assert not stored(repository, "compressed")
    np.testing.assert_array_equal(table.query(window).columns["y"].array, found.columns["y"].array)


def test_rows_are_appended_to_compressed_chunks(table: Any, repository: DataRepository) -> None:
    table.append(y=np.zeros(3000))
    assert compress_all(repository) == 1
    table.append(y=np.ones(2))
    [values] = table.store.rows(table.columns["y"], 0, 5000)
    np.testing.assert_array_equal(values.array, table.arrays["y"])


def test_each_chunk_is_considered_once(repository: DataRepository) -> None:
    data = bytes(9000)
    repository.put_chunk("ada", hash_bytes(data), [data])
    [stat] = repository._blobs.list("chunks/")
    assert Compressor(repository._blobs).run("", 0, stat.touched - 1).chunks == 0  # in use
    assert Compressor(repository._blobs).run("", stat.touched, FAR_FUTURE).chunks == 0  # considered before
    assert Compressor(repository._blobs).run("", 0, FAR_FUTURE).chunks == 1


def test_a_run_ends_in_time(repository: DataRepository) -> None:
    for number in range(5):
        data = bytes([number]) * 9000
        repository.put_chunk("ada", hash_bytes(data), [data])
    ticks = iter(range(0, 1000, 10))
    progress = Compressor(repository._blobs, lambda: next(ticks)).run("", 0, FAR_FUTURE)
    assert progress.chunks == 1
    assert progress.after == min(stored(repository, "compressed"))
    assert compress_all(repository) == 4


def test_a_chunk_that_is_touched_meanwhile_stays_raw(
    repository: DataRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(9000)
    chunk = hash_bytes(data)
    repository.put_chunk("ada", chunk, [data])
    compress_chunk = ChunkStore.compress

    def compress_and_touch(self: ChunkStore, name: str) -> int | None:
        size = compress_chunk(self, name)
        assert repository.pin_chunk("ada", name)
        return size

    monkeypatch.setattr(ChunkStore, "compress", compress_and_touch)
    assert compress_all(repository) == 0
    assert stored(repository, "chunks") == {chunk: 9000}


def test_a_reader_continues_in_the_other_form(
    repository: DataRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.arange(600_000).tobytes()
    chunk = hash_bytes(data)
    repository.put_chunk("ada", chunk, [data])
    blobs = repository._blobs
    get = type(blobs).get

    def get_deleted(self: Any, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read as from a storage that cannot continue to read a blob that was deleted."""

        def blocks() -> Iterator[bytes]:
            yield next(found)
            compress_all(repository)
            raise Unavailable("It was deleted.")

        found = get(self, key, start, end)
        return blocks() if key.startswith("chunks/") else found

    monkeypatch.setattr(type(blobs), "get", get_deleted)
    assert b"".join(repository.read_chunk(chunk, 5, len(data) - 3)) == data[5:-3]
    assert not stored(repository, "chunks")


def test_no_raw_chunk_is_restored_from_a_damaged_one(repository: DataRepository) -> None:
    data = bytes(100_000)
    chunk = hash_bytes(data)
    repository.put_chunk("ada", chunk, [data])
    assert compress_all(repository) == 1
    for damaged in (b"", b"bkz1", b"".join(compress(memoryview(bytes(99_999)), 1))):
        repository._blobs.put(f"compressed/{chunk}", [damaged])
        with pytest.raises(DamagedChunk):
            repository.view_restored_chunk(chunk)
        assert not stored(repository, "chunks")
