"""The codec of compressed chunks: an optional byte shuffle, then zstd, in frames of 1 MiB.

    4 bytes `bkz1`, 1 byte width, then for each MiB of the chunk: uint32 (little-endian) bytes, a zstd frame

A width of 8 puts the first bytes of all float64 together, then all second bytes, and so on. What neighbouring
values have in common (signs, exponents, the high digits of times) then forms long runs. A width of 1 does not
shuffle.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from backports import zstd

from bokeh_common.errors import Unavailable

BLOCK_BYTES = 1 << 20  # bytes of a chunk in each frame

#: Sizes of chunks that are compressed. Smaller ones take as much of a file system either way; and the maximum
#: bounds what a damaged chunk decompresses to.
MIN_CHUNK_BYTES = 4 << 10
MAX_CHUNK_BYTES = 64 << 20

#: A chunk is stored compressed if this reduces it to at most so much of its size. See docs/compression.md.
MAX_COMPRESSED_RATIO = 0.75
LEVEL = 1
WIDTHS = (1, 2, 4, 8)

#: Bytes of each sample, and the number of samples, by which the width is chosen.
SAMPLE_BYTES = 16 << 10
SAMPLES = 4

_HEADER: Final = struct.Struct("<4sB")
_LENGTH: Final = struct.Struct("<I")
_MAGIC = b"bkz1"
_MAX_FRAME_BYTES = BLOCK_BYTES + (BLOCK_BYTES >> 7)  # zstd adds 1 part in 256 at most
_DECOMPRESSION_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 20}


def choose_width(data: memoryview) -> int | None:
    """Return the width that compresses samples of a chunk best; None if it saves too little."""
    step = max((len(data) - SAMPLE_BYTES) // (SAMPLES - 1) // 16 * 16, SAMPLE_BYTES)
    samples = [data[at : at + SAMPLE_BYTES] for at in range(0, min(SAMPLES * step, len(data)), step)]
    sizes = {
        width: sum(len(zstd.compress(_shuffle(sample, width), LEVEL)) for sample in samples)
        for width in WIDTHS
    }
    best = min(sizes, key=lambda width: sizes[width])
    return best if sizes[best] <= MAX_COMPRESSED_RATIO * sum(map(len, samples)) else None


def compress(data: memoryview, width: int) -> Iterator[bytes]:
    """Yield the compressed form of a chunk."""
    yield _HEADER.pack(_MAGIC, width)
    for at in range(0, len(data), BLOCK_BYTES):
        frame = zstd.compress(_shuffle(data[at : at + BLOCK_BYTES], width), LEVEL)
        yield _LENGTH.pack(len(frame)) + frame


def decompress(blocks: Iterable[bytes], start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the bytes `start <= i < end` of a chunk from its compressed form, 1 MiB at a time.

    Raises:
        DamagedChunk: the compressed form is damaged. At most a few MiB are in memory until this is found.
    """
    reader, at, stop = _ByteReader(blocks), 0, MAX_CHUNK_BYTES + 1 if end is None else end
    magic, width = _HEADER.unpack(reader.read(_HEADER.size))
    if magic != _MAGIC or width not in WIDTHS:
        raise DamagedChunk
    while at < stop and not reader.is_at_end():
        [size] = _LENGTH.unpack(reader.read(_LENGTH.size))
        if size > _MAX_FRAME_BYTES or at % BLOCK_BYTES or at >= MAX_CHUNK_BYTES:
            raise DamagedChunk
        frame = reader.read(size)
        if at + BLOCK_BYTES <= start:
            at += BLOCK_BYTES
            continue
        block = _decode_frame(frame, width)
        if part := block[max(start - at, 0) : stop - at]:
            yield part
        at += len(block)


class DamagedChunk(Unavailable):
    """A stored chunk differs from what was written."""

    def __init__(self) -> None:
        super().__init__("A stored chunk is damaged; `bokeh-cloud admin fsck` finds out which.")


def _shuffle(data: memoryview, width: int) -> bytes | memoryview:
    if width == 1:
        return data
    shuffled = len(data) - len(data) % width
    return np.frombuffer(data[:shuffled], np.uint8).reshape(-1, width).T.tobytes() + data[shuffled:]


def _decode_frame(frame: bytes, width: int) -> bytes:
    decompressor = zstd.ZstdDecompressor(options=_DECOMPRESSION_OPTIONS)
    try:
        data = decompressor.decompress(frame, BLOCK_BYTES)
    except zstd.ZstdError:
        raise DamagedChunk from None
    if not decompressor.eof or decompressor.unused_data or not data:
        raise DamagedChunk
    if width == 1:
        return data
    shuffled = len(data) - len(data) % width
    return np.frombuffer(data, np.uint8, shuffled).reshape(width, -1).T.tobytes() + data[shuffled:]


class _ByteReader:
    """Reads exact numbers of bytes from blocks."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._buffer = bytearray()

    def is_at_end(self) -> bool:
        while not self._buffer:
            block = next(self._blocks, None)
            if block is None:
                return True
            self._buffer += block
        return False

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            block = next(self._blocks, None)
            if block is None:
                raise DamagedChunk
            self._buffer += block
        data = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return data
