"""The worker: collects garbage for all accounts when it is due, and has chunks compressed after that."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from bokeh_common.errors import CloudError
from bokeh_gc.collection.collector import Collector, rfc3339
from bokeh_gc.lease import LeaseLost
from bokeh_gc.repository import GcRepository
from bokeh_gc.schedule.compression import ChunkCompression

log = logging.getLogger(__name__)

POLL_SECONDS = 60.0  # between two checks whether a run is due
RETRY_SECONDS = 600.0  # after a run that ended with an error


class RunSchedule:
    """Decides when a run is due: long enough after the last run of any worker."""

    def __init__(
        self, repository: GcRepository, every: float, clock: Callable[[], float] = time.time
    ) -> None:
        """Create a schedule.

        Args:
            repository: has the report of the last run.
            every: seconds between two runs.
            clock: returns the time in POSIX seconds.
        """
        self._repository = repository
        self.every = every
        self._clock = clock

    def is_due(self) -> bool:
        """Whether it is time for a run; raises errors of the storage."""
        last = self._repository.report()
        if not last:
            return True
        wait = min(self.every, RETRY_SECONDS) if last.get("error") else self.every
        return bool(last["ended"] <= self._clock() - wait)


class CollectorWorker:
    """Runs the collector for all accounts, and the compression of chunks, when they are due."""

    def __init__(
        self,
        collector: Collector,
        every: float,
        clock: Callable[[], float] = time.time,
        compression: ChunkCompression | None = None,
    ) -> None:
        """Create a worker; `every` is the number of seconds between two runs."""
        self._collector = collector
        self._schedule = RunSchedule(collector.repository, every, clock)
        self._clock = clock
        self._compression = compression
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Make `work` return after the run that is in progress."""
        self._stopped.set()

    def work(self) -> None:
        """Work until `stop` is called."""
        while not self._stopped.wait(min(POLL_SECONDS, self._schedule.every)):
            self.run_if_due()

    def run_if_due(self) -> bool:
        """Run the collector if it is time; return whether it ran without an error."""
        try:
            if not self._schedule.is_due():
                return False
            self._run(self._collector.repository.report() or {})
            if self._compression:
                self._compression.run()
        except LeaseLost:
            log.info("Another worker collects garbage at the moment.")
            return False
        except CloudError as error:
            log.warning("The garbage collector stopped with an error; it will start again: %s", error)
            return False
        return True

    def _run(self, last: dict[str, Any]) -> None:
        report: dict[str, Any] = {"error": None}
        try:
            report |= self._collector.run()
        except LeaseLost:
            raise
        except CloudError as error:
            report |= {"error": error.public_detail, "started": rfc3339(self._clock())}
            raise
        finally:
            if len(report) > 1:
                errors = last.get("errors", 0) + (report["error"] is not None)
                total = last.get("freed_bytes", 0) + report.get("bytes", 0)
                ended = {"ended": self._clock(), "errors": errors, "freed_bytes": total}
                self._collector.repository.put_report({**report, **ended})
        log.info("Garbage: %s", report)


def tune_python_gc() -> None:
    """Let Python's own garbage collector run rarely: millions of objects without cycles are created."""
    gc.freeze()
    gc.set_threshold(100_000)
