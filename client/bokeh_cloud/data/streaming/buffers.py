"""Where the blocks of rows are that a writer has not sent yet: in memory; `spool.Spool` is in a file."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from bokeh_cloud.data.streaming.row_batches import RowBlock


@dataclass(frozen=True)
class Batch:
    """The blocks of one request, oldest first.

    Attributes:
        key: the idempotency key of the request.
        blocks: of one layout.
    """

    key: str
    blocks: list[RowBlock]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(block.count for block in self.blocks)


class Buffer(Protocol):
    """A queue of blocks. Only one thread at a time may use it."""

    @property
    def count(self) -> int:
        """The number of rows that wait, those of the current batch among them."""

    def add(self, block: RowBlock) -> None:
        """Add a block at the end; raises CloudError if that is not possible."""

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest blocks as a batch: the same one until it is removed; None without blocks.

        The batch and its key are stored before this returns, so that a request is repeated exactly.
        """

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""

    def close(self) -> None:
        """Release files; blocks that wait stay in them."""


class MemoryBuffer:
    """A buffer in memory."""

    def __init__(self) -> None:
        self._blocks: deque[RowBlock] = deque()
        self._batch: Batch | None = None
        self.count = 0

    def add(self, block: RowBlock) -> None:
        """Add a block at the end."""
        self._blocks.append(block)
        self.count += block.count

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest blocks; see `Buffer`."""
        if self._batch is None and self._blocks:
            self._batch = Batch(make_key(), first_of_one_layout(self._blocks, max_rows))
        return self._batch

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""
        for _ in batch.blocks:
            self.count -= self._blocks.popleft().count
        self._batch = None

    def close(self) -> None:
        """Do nothing."""


def first_of_one_layout(blocks: Iterable[RowBlock], max_rows: int) -> list[RowBlock]:
    """Return the first blocks that have one layout, and at most so many rows, but at least one block."""
    found: list[RowBlock] = []
    count = 0
    for block in blocks:
        count += block.count
        if found and (count > max_rows or block.layout != found[0].layout):
            break
        found.append(block)
    return found
