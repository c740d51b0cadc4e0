"""The thread for periodic tasks that call no other service: sending mail, deleting expired links."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bokeh_common.errors import CloudError

log = logging.getLogger(__name__)


@dataclass
class PeriodicTask:
    """A function to call every so many seconds; `due` is the next time on the clock `time.monotonic`."""

    name: str
    function: Callable[[], object]
    seconds: float
    due: float = 0.0


class BackgroundThread:
    """Runs periodic tasks when they are due; the first one also when the thread is woken."""

    def __init__(self, tasks: Sequence[PeriodicTask]) -> None:
        self._tasks = list(tasks)
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Start the thread, in the process that serves, since a thread does not survive a fork."""
        self._thread.start()

    def wake(self) -> None:
        """Run the first task now."""
        self._tasks[0].due = 0.0
        self._woken.set()

    def stop(self) -> None:
        """Stop after the task that is running, and wait for that."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped:
            self._woken.clear()
            for task in self._tasks:
                if task.due <= time.monotonic() and not self._stopped:
                    task.due = time.monotonic() + task.seconds
                    _run(task)
            self._woken.wait(max(0.0, min(task.due for task in self._tasks) - time.monotonic()))


def _run(task: PeriodicTask) -> None:
    try:
        task.function()
    except CloudError as error:
        log.warning("%s failed and will be tried again: %s", task.name, error)
    except Exception:
        log.exception("%s failed with an unexpected error; other tasks continue", task.name)
