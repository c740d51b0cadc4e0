"""Streams of bytes in blocks."""

from collections.abc import Iterable, Iterator

BLOCK = 1 << 20  # bytes


def reblock(data: Iterable[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Yield the same bytes in blocks of exactly `size` bytes, the last one shorter; never an empty one."""
    waiting = bytearray()
    for block in data:
        view = memoryview(block).cast("B")
        while len(waiting) + len(view) >= size:
            taken = size - len(waiting)
            yield bytes(view[:taken]) if not waiting else bytes(waiting + view[:taken])
            waiting.clear()
            view = view[taken:]
        waiting += view
    if waiting:
        yield bytes(waiting)


def opened(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Run a generator to its first block, an empty one, so that what it opens is open now, or fails now.

    From then on the generator's `close` runs its ``finally``, which that of one never begun does not.
    """
    next(blocks)
    return blocks
