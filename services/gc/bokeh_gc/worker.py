"""Who collects garbage from time to time: a process of its own, or a thread of the embedded cloud."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bokeh_common.errors import CloudError
from bokeh_gc.collector import Collector, written
from bokeh_gc.lease import Lost

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # between two looks whether it is time

SWITCH_SECONDS = 0.0005  # at most, for which a busy thread keeps the interpreter from others
RETRY_SECONDS = 600.0  # after a run that an error cut short


class Worker:
    """Runs the collector for all accounts, when the last run of any worker is long enough ago."""

    def __init__(self, collector: Collector, every: float, clock: Callable[[], float] = time.time) -> None:
        """Say how many seconds are between two runs."""
        self._collector = collector
        self._every = every
        self._clock = clock
        self._stopped = threading.Event()

    def start(self) -> None:
        """Work on a thread from now on."""
        if self._every:
            # A request gives up the interpreter whenever it reads, and gets it back from a busy thread as
            # late as this allows; by default 5 ms, each time.
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
            threading.Thread(target=self.work, name="gc", daemon=True).start()

    def stop(self) -> None:
        """Work no more, when the run that is under way is over."""
        self._stopped.set()

    def work(self) -> None:
        """Work until `stop`."""
        while not self._stopped.wait(min(LOOK_SECONDS, self._every)):
            self.look()

    def look(self) -> bool:
        """Run the collector if it is time; tell whether it ran."""
        try:
            last = self._collector.records.report() or {}
            if last and last["ended"] > self._clock() - self._wait(last):
                return False
            self._run(last)
        except Lost:
            log.info("Another worker collects garbage.")
            return False
        except CloudError as error:
            log.warning("The garbage collector stopped; it will begin again: %s", error)
            return False
        return True

    def _wait(self, last: dict[str, Any]) -> float:
        """Return how many seconds after the last run it is time again."""
        return min(self._every, RETRY_SECONDS) if last.get("error") else self._every

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
