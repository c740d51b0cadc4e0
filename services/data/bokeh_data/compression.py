"""The compressed form of a chunk: byte-shuffled where that helps, then zstd, in frames of 1 MiB.

    4 bytes `bkz1`, 1 byte width, then for each MiB of the chunk: uint32 (little-endian) bytes, a zstd frame

A width of 8 puts the first bytes of all float64 together, then all second bytes and so on: what neighbours
have in common, signs, exponents, the high digits of times, then comes in long runs. 1 is as it was.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from backports import zstd

from bokeh_common.errors import Unavailable

BLOCK = 1 << 20  # bytes of a chunk in each frame

#: What chunks have to be, in bytes: smaller ones take as much of a file system either way, and what a damaged
#: chunk unpacks to is bounded.
SMALLEST = 4 << 10
LARGEST = 64 << 20

#: A chunk is compressed when that makes it at most so large. See "Compression" in ARCHITECTURE.md.
WORTH = 0.75
LEVEL = 1
WIDTHS = (1, 2, 4, 8)

#: Bytes that are tried, from so many places of the chunk.
TRIED = 16 << 10
PLACES = 4

_HEAD: Final = struct.Struct("<4sB")
_LENGTH: Final = struct.Struct("<I")
_MARK = b"bkz1"
_MOST = BLOCK + (BLOCK >> 7)  # of a frame: zstd adds 1 part in 256 at most
_BOUNDS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 20}


def width_for(data: memoryview) -> int | None:
    """Return the width that compresses a chunk best, by a sample of it; None where none is worth it."""
    step = max((len(data) - TRIED) // (PLACES - 1) // 16 * 16, TRIED)
    pieces = [data[at : at + TRIED] for at in range(0, min(PLACES * step, len(data)), step)]
    sizes = {
        width: sum(len(zstd.compress(_shuffled(piece, width), LEVEL)) for piece in pieces) for width in WIDTHS
    }
    best = min(sizes, key=lambda width: sizes[width])
    return best if sizes[best] <= WORTH * sum(map(len, pieces)) else None


def compressed(data: memoryview, width: int) -> Iterator[bytes]:
    """Yield the compressed form of a chunk."""
    yield _HEAD.pack(_MARK, width)
    for at in range(0, len(data), BLOCK):
        frame = zstd.compress(_shuffled(data[at : at + BLOCK], width), LEVEL)
        yield _LENGTH.pack(len(frame)) + frame


def unpacked(blocks: Iterable[bytes], start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a chunk from `start` to before `end`, of its compressed form, 1 MiB at a time.

    Raises:
        Damaged: as it says. Found out with no more than some MiB in memory.
    """
    reader, at, stop = _Reader(blocks), 0, LARGEST + 1 if end is None else end
    mark, width = _HEAD.unpack(reader.take(_HEAD.size))
    if mark != _MARK or width not in WIDTHS:
        raise Damaged
    while at < stop and not reader.is_at_end():
        [size] = _LENGTH.unpack(reader.take(_LENGTH.size))
        if size > _MOST or at % BLOCK or at >= LARGEST:
            raise Damaged
        frame = reader.take(size)
        if at + BLOCK <= start:
            at += BLOCK
            continue
        block = _restored(frame, width)
        if piece := block[max(start - at, 0) : stop - at]:
            yield piece
        at += len(block)


class Damaged(Unavailable):
    """What is stored is not what was written."""

    def __init__(self) -> None:
        super().__init__("A chunk is damaged where it is stored; `bokeh-cloud admin fsck` tells which.")


def _shuffled(data: memoryview, width: int) -> bytes | memoryview:
    whole = len(data) - len(data) % width
    if width == 1:
        return data
    return np.frombuffer(data[:whole], np.uint8).reshape(-1, width).T.tobytes() + data[whole:]


def _restored(frame: bytes, width: int) -> bytes:
    unpacker = zstd.ZstdDecompressor(options=_BOUNDS)
    try:
        data = unpacker.decompress(frame, BLOCK)
    except zstd.ZstdError:
        raise Damaged from None
    if not unpacker.eof or unpacker.unused_data or not data:
        raise Damaged
    if width == 1:
        return data
    whole = len(data) - len(data) % width
    return np.frombuffer(data, np.uint8, whole).reshape(width, -1).T.tobytes() + data[whole:]


class _Reader:
    """Takes as many bytes at a time as are wanted."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._waiting = bytearray()

    def is_at_end(self) -> bool:
        while not self._waiting:
            block = next(self._blocks, None)
            if block is None:
                return True
            self._waiting += block
        return False

    def take(self, size: int) -> bytes:
        while len(self._waiting) < size:
            block = next(self._blocks, None)
            if block is None:
                raise Damaged
            self._waiting += block
        taken = bytes(memoryview(self._waiting)[:size])
        del self._waiting[:size]
        return taken
