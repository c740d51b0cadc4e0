"""Streams of bytes, as iterators of blocks."""

from collections.abc import Iterable, Iterator

BLOCK_BYTES = 1 << 20  # bytes


def reblock(data: Iterable[bytes], size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the same bytes in blocks of exactly `size` bytes. The last one may be shorter; none is empty."""
    pending = bytearray()
    for block in data:
        view = memoryview(block).cast("B")
        while len(pending) + len(view) >= size:
            taken = size - len(pending)
            yield bytes(view[:taken]) if not pending else bytes(pending + view[:taken])
            pending.clear()
            view = view[taken:]
        pending += view
    if pending:
        yield bytes(pending)


def start_generator(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Advance a generator past its first block, which must be empty, and return it.

    So errors of opening a file or connection are raised now rather than at the first ``next``, and `close`
    runs the ``finally`` of the generator, which it does not in one that was never started.
    """
    next(blocks)
    return blocks
