"""The thread that does what nobody waits for: mail, what is too old, deletions that were interrupted."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bokeh_common.errors import CloudError

log = logging.getLogger(__name__)


@dataclass
class Chore:
    """Something to do every so many seconds; `due` is when next, by the clock of `time.monotonic`."""

    name: str
    what: Callable[[], object]
    seconds: float
    due: float = 0.0


class Worker:
    """Does its chores, each when it is due; all of the first one's whenever it is woken."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = list(chores)
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._ended = False

    def start(self) -> None:
        """Begin, in the process that serves: a thread does not survive a fork."""
        self._thread.start()

    def wake(self) -> None:
        """Do the first chore now."""
        self._chores[0].due = 0.0
        self._woken.set()

    def stop(self) -> None:
        """End after the chore that is being done."""
        self._ended = True
        self._woken.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended:
            self._woken.clear()
            for chore in self._chores:
                if chore.due <= time.monotonic() and not self._ended:
                    chore.due = time.monotonic() + chore.seconds
                    _do(chore)
            self._woken.wait(max(0.0, min(chore.due for chore in self._chores) - time.monotonic()))


def _do(chore: Chore) -> None:
    try:
        chore.what()
    except CloudError as error:
        log.warning("%s cannot be done now: %s", chore.name, error)
    except Exception:
        log.exception("%s failed; the others go on", chore.name)
