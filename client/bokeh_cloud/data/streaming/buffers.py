"""Keeps the rows that a writer has not sent yet: in memory; `spool.Spool` keeps them in a file."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from bokeh_cloud.data.streaming.row_batches import PackedRows

MAX_BATCH_BYTES = 8 << 20  # unless the rows of one call are more


@dataclass(frozen=True)
class Batch:
    """The rows of one request.

    Attributes:
        key: the idempotency key of the request.
        parts: rows of one layout, oldest first.
    """

    key: str
    parts: list[PackedRows]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(part.count for part in self.parts)


class RowBuffer(Protocol):
    """A queue of rows. Only one thread at a time may use it."""

    @property
    def count(self) -> int:
        """The number of rows that wait, those of the current batch among them."""

    def add(self, part: PackedRows) -> None:
        """Add rows at the end; raises CloudError if that is not possible."""

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest rows as a batch: the same one until it is removed; None without rows.

        The batch and its key are stored before this returns, so that a request is repeated exactly.
        """

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""

    def close(self) -> None:
        """Release files; rows that wait stay in them."""


class MemoryBuffer:
    """A buffer in memory."""

    def __init__(self) -> None:
        self._parts: deque[PackedRows] = deque()
        self._batch: Batch | None = None
        self.count = 0

    def add(self, part: PackedRows) -> None:
        """Add rows at the end."""
        self._parts.append(part)
        self.count += part.count

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest rows; see `RowBuffer`."""
        if self._batch is None and self._parts:
            self._batch = Batch(make_key(), first_of_one_layout(self._parts, max_rows))
        return self._batch

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""
        for _ in batch.parts:
            self.count -= self._parts.popleft().count
        self._batch = None

    def close(self) -> None:
        """Do nothing."""


def first_of_one_layout(parts: Iterable[PackedRows], max_rows: int) -> list[PackedRows]:
    """Return the first parts that have one layout, and at most so many rows and bytes; but one at least."""
    found: list[PackedRows] = []
    count = size = 0
    for part in parts:
        count, size = count + part.count, size + len(part.data)
        is_full = count > max_rows or size > MAX_BATCH_BYTES
        if found and (is_full or part.layout != found[0].layout):
            break
        found.append(part)
    return found
