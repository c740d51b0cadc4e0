"""When a writer sends rows, and its other options."""

import time
from dataclasses import dataclass
from pathlib import Path

from bokeh_cloud.arguments import require_count, require_seconds
from bokeh_cloud.data.streaming.server_outage import ServerOutage

MAX_INTERVAL = 86_400  # seconds


@dataclass(frozen=True)
class WriterOptions:
    """The options of a writer; see `RemoteDataSource.writer`."""

    flush_interval: float
    batch_rows: int
    max_rows: int
    rollover: int | None
    spool: Path | None

    def __post_init__(self) -> None:
        require_seconds("flush_interval", self.flush_interval, MAX_INTERVAL)
        require_count("batch_rows", self.batch_rows, "10_000")
        require_count("max_rows", self.max_rows, "100_000")
        if self.rollover is not None:
            require_count("rollover", self.rollover, "10_000")


class Schedule:
    """Decides when the rows that wait are sent: after an interval, or when they fill a batch."""

    def __init__(self, options: WriterOptions) -> None:
        self._options = options
        self._due: float | None = None  # monotonic; None while no rows wait

    def start(self) -> None:
        """Note that there are rows: they are sent after the interval, or earlier with rows before them."""
        if self._due is None:
            self._due = time.monotonic() + self._options.flush_interval

    def stop(self) -> None:
        """Note that there are no rows any more."""
        self._due = None

    def sent(self, count: int, rest: int) -> None:
        """Note that a batch of so many rows is being sent, and how many rows wait behind it.

        If it ended early, since the types of columns changed, those behind it have waited long enough, too.
        """
        ended_early = rest and count * 2 < self._options.batch_rows
        self._due = time.monotonic() + (0 if ended_early else self._options.flush_interval)

    def seconds_left(self, count: int, outage: ServerOutage, is_flushing: bool) -> float | None:
        """Return the seconds until a batch is sent; None if no rows wait.

        Args:
            count: number of rows that wait.
            outage: whose delays are kept.
            is_flushing: whether they are sent at once.
        """
        if not count or self._due is None:
            return None
        if outage.seconds_left:
            return outage.seconds_left
        if is_flushing or count >= self._options.batch_rows:
            return 0
        return max(0, self._due - time.monotonic())
