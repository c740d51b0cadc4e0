"""The compressed form of chunks: it comes back as it was, pays or is left, and is bounded when damaged."""

import resource
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from backports import zstd
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import Unavailable
from bokeh_data import compression
from bokeh_data.compression import BLOCK, WIDTHS, Damaged, compressed, unpacked, width_for
from bokeh_data.compressor import Compressor
from bokeh_data.forms import Forms
from bokeh_data.records import Records
from bokeh_data.windows import Window

FOREVER = 1e12  # POSIX seconds

DATA = st.builds(lambda part, times, rest: part * times + rest, st.binary(), st.integers(0, 400), st.binary())


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    """Yield data in blocks, cut at places."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    yield from (data[a:b] for a, b in pairwise(edges))


@settings(deadline=None)
@given(
    DATA,
    st.sampled_from(WIDTHS),
    st.lists(st.integers(0, 1 << 20), max_size=5),
    st.integers(0, 3000),
    st.none() | st.integers(0, 3000),
)
def test_what_is_compressed_comes_back(
    data: bytes, width: int, places: list[int], start: int, end: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "BLOCK", 512)  # so that there are several frames
        packed = b"".join(compressed(memoryview(data), width))
        assert b"".join(unpacked(cut(packed, places))) == data
        assert b"".join(unpacked(cut(packed, places), start, end)) == data[start:end]


@settings(deadline=None)
@given(DATA, st.sampled_from(WIDTHS), st.data())
def test_what_is_damaged_is_told_or_harmless(data: bytes, width: int, draw: Any) -> None:
    packed = bytearray(b"".join(compressed(memoryview(data), width)))
    at = draw.draw(st.integers(0, len(packed) - 1))
    match draw.draw(st.sampled_from(["cut", "changed", "longer"])):
        case "cut":
            del packed[at:]
        case "changed":
            packed[at] ^= draw.draw(st.integers(1, 255))
        case _:
            packed += draw.draw(st.binary(min_size=1))
    try:
        size = sum(map(len, unpacked([bytes(packed)])))
    except Damaged:
        return
    assert size <= BLOCK * 2


def bomb(frames: int, frame: bytes) -> Iterator[bytes]:
    """Yield what a liar stores: a MiB of zeros, as often as they say."""
    yield struct.pack("<4sB", b"bkz1", 1)
    for _ in range(frames):
        yield struct.pack("<I", len(frame)) + frame


def test_a_bomb_is_bounded() -> None:
    small, packer = zstd.compress(bytes(BLOCK)), zstd.ZstdCompressor()
    huge = b"".join(packer.compress(bytes(BLOCK)) for _ in range(256)) + packer.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for liar in (bomb(1_000_000, small), bomb(1, huge), bomb(1, zstd.compress(b"")), bomb(2, small + small)):
        with pytest.raises(Damaged):
            for _ in unpacked(liar):
                pass
    with pytest.raises(Damaged):
        list(unpacked([struct.pack("<4sBI", b"bkz1", 1, (1 << 32) - 1)]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10  # KiB


def test_only_what_pays_is_compressed() -> None:
    random = np.random.default_rng(1)
    times = np.arange("2024-01-01", 500_000, dtype="M8[s]").astype("M8[ms]")
    floats = random.standard_normal(500_000)
    assert width_for(memoryview(times.tobytes())) == 8
    assert width_for(memoryview(floats.tobytes())) is None
    assert width_for(memoryview(np.round(floats, 1).tobytes())) is not None
    assert width_for(memoryview(random.integers(0, 9, 500_000).astype("i2").tobytes())) == 2
    assert width_for(memoryview(random.bytes(5000))) is None
    assert width_for(memoryview(b"text and more text, " * 300)) == 1


def stored(records: Records, kind: str) -> dict[str, int]:
    """Return the bytes of the blobs of a kind, by chunk."""
    return {stat.key.partition("/")[2]: stat.size for stat in records._blobs.list(f"{kind}/", limit=10_000)}


def rest(records: Records, since: float = 0.0) -> int:
    """Compress all; return how many chunks that were."""
    compressor, after, chunks = Compressor(records._blobs), "", 0
    while True:
        progress = compressor.go_on(after, since, FOREVER)
        chunks += progress.chunks
        if progress.after is None:
            return chunks
        after = progress.after


def test_windows_of_what_was_compressed(table: Any, records: Records) -> None:
    count = 1_000_000
    table.append(x=np.arange(count) // 4, y=np.repeat(np.arange(count // 8.0), 8))
    assert rest(records) == 4
    assert not stored(records, "chunks")
    window = Window("x", ("y",), 50, 200_000, 100)
    seen = table.look(window)
    kept = (table.values["x"] >= 50) & (table.values["x"] <= 200_000)
    assert seen.columns["y"].array.max() == table.values["y"][kept].max()
    assert len(stored(records, "chunks")) == 4  # windows read all over them
    table.opener.settle()
    assert rest(records) == 0  # and so they stay as they are
    assert not stored(records, "compressed")
    np.testing.assert_array_equal(table.look(window).columns["y"].array, seen.columns["y"].array)


def test_rows_are_added_to_what_was_compressed(table: Any, records: Records) -> None:
    table.append(y=np.zeros(3000))
    assert rest(records) == 1
    table.append(y=np.ones(2))
    [values] = table.store.rows(table.columns["y"], 0, 5000)
    np.testing.assert_array_equal(values.array, table.values["y"])


def test_a_chunk_is_looked_at_once(records: Records) -> None:
    data = bytes(9000)
    records.put_chunk("ada", blake3(data).hexdigest(), [data])
    [stat] = records._blobs.list("chunks/")
    assert Compressor(records._blobs).go_on("", 0, stat.touched - 1).chunks == 0  # not at rest
    assert Compressor(records._blobs).go_on("", stat.touched, FOREVER).chunks == 0  # looked at before
    assert Compressor(records._blobs).go_on("", 0, FOREVER).chunks == 1


def test_a_call_ends_in_time(records: Records) -> None:
    for number in range(5):
        data = bytes([number]) * 9000
        records.put_chunk("ada", blake3(data).hexdigest(), [data])
    ticks = iter(range(0, 1000, 10))
    progress = Compressor(records._blobs, lambda: next(ticks)).go_on("", 0, FOREVER)
    assert progress.chunks == 1
    assert progress.after == min(stored(records, "compressed"))
    assert rest(records) == 4


def test_what_was_touched_meanwhile_stays(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(9000)
    chunk = blake3(data).hexdigest()
    records.put_chunk("ada", chunk, [data])
    compress = Forms.compress

    def touched(self: Forms, name: str) -> int | None:
        size = compress(self, name)
        assert records.renew_chunk("ada", name)
        return size

    monkeypatch.setattr(Forms, "compress", touched)
    assert rest(records) == 0
    assert stored(records, "chunks") == {chunk: 9000}


def test_a_reader_goes_on_in_the_other_form(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.arange(600_000).tobytes()
    chunk = blake3(data).hexdigest()
    records.put_chunk("ada", chunk, [data])
    blobs = records._blobs
    get = type(blobs).get

    def broken(self: Any, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read as from a storage that cannot go on with what is deleted."""

        def blocks() -> Iterator[bytes]:
            yield next(found)
            rest(records)
            raise Unavailable("It was deleted.")

        found = get(self, key, start, end)
        return blocks() if key.startswith("chunks/") else found

    monkeypatch.setattr(type(blobs), "get", broken)
    assert b"".join(records.chunk(chunk, 5, len(data) - 3)) == data[5:-3]
    assert not stored(records, "chunks")


def test_damage_is_told_and_nothing_is_made_of_it(records: Records) -> None:
    data = bytes(100_000)
    chunk = blake3(data).hexdigest()
    records.put_chunk("ada", chunk, [data])
    assert rest(records) == 1
    for damaged in (b"", b"bkz1", b"".join(compressed(memoryview(bytes(99_999)), 1))):
        records._blobs.put(f"compressed/{chunk}", [damaged])
        with pytest.raises(Damaged):
            records.restored_chunk_view(chunk)
        assert not stored(records, "chunks")
