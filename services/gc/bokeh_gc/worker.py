"""Who collects garbage from time to time."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from bokeh_common.errors import CloudError
from bokeh_gc.collector import Collector, written
from bokeh_gc.compression import Compression
from bokeh_gc.lease import Lost
from bokeh_gc.records import Records

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # between two looks whether it is time
RETRY_SECONDS = 600.0  # after a run that an error cut short


class Schedule:
    """Tells when the last run of any worker is long enough ago; `every` in seconds."""

    def __init__(self, records: Records, every: float, clock: Callable[[], float] = time.time) -> None:
        """Say how many seconds are between two runs, and where reports of them are."""
        self._records = records
        self.every = every
        self._clock = clock

    def is_due(self) -> bool:
        """Whether it is time for a run; raises as the storage."""
        last = self._records.report()
        if not last:
            return True
        wait = min(self.every, RETRY_SECONDS) if last.get("error") else self.every
        return bool(last["ended"] <= self._clock() - wait)


class Worker:
    """Runs the collector for all accounts, when it is time, and compresses what has come to rest."""

    def __init__(
        self,
        collector: Collector,
        every: float,
        clock: Callable[[], float] = time.time,
        compression: Compression | None = None,
    ) -> None:
        """Say how many seconds are between two runs."""
        self._collector = collector
        self._schedule = Schedule(collector.records, every, clock)
        self._clock = clock
        self._compression = compression
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Work no more, when the run that is under way is over."""
        self._stopped.set()

    def work(self) -> None:
        """Work until `stop`."""
        while not self._stopped.wait(min(LOOK_SECONDS, self._schedule.every)):
            self.look()

    def look(self) -> bool:
        """Run the collector if it is time; tell whether it ran."""
        try:
            if not self._schedule.is_due():
                return False
            self._run(self._collector.records.report() or {})
            if self._compression:
                self._compression.run()
        except Lost:
            log.info("Another worker is at it.")
            return False
        except CloudError as error:
            log.warning("The garbage collector stopped; it will begin again: %s", error)
            return False
        return True

    def _run(self, last: dict[str, Any]) -> None:
        report: dict[str, Any] = {"error": None}
        try:
            report |= self._collector.run()
        except Lost:
            raise
        except CloudError as error:
            report |= {"error": str(error), "started": written(self._clock())}
            raise
        finally:
            if len(report) > 1:
                errors = last.get("errors", 0) + (report["error"] is not None)
                total = last.get("freed_bytes", 0) + report.get("bytes", 0)
                ended = {"ended": self._clock(), "errors": errors, "freed_bytes": total}
                self._collector.records.put_report({**report, **ended})
        log.info("Garbage: %s", report)


def seldom_look_for_cycles() -> None:
    """Set Python's own garbage collector to a process that makes millions of objects without cycles."""
    gc.freeze()
    gc.set_threshold(100_000)
