"""How often plots are seen: counted here, and told to the plots service every few seconds.

A page need not wait for a number to be written. A process that dies takes the last seconds' count with it.
"""

import logging
import threading
from collections import Counter

from bokeh_common.errors import CloudError
from bokeh_web.peers.plots import Plots

SECONDS = 5.0

log = logging.getLogger(__name__)


class Views:
    """Counts the views of plots."""

    def __init__(self, plots: Plots, seconds: float = SECONDS) -> None:
        """Tell `plots` at most once in so many seconds."""
        self._plots = plots
        self._seconds = seconds
        self._counts: Counter[str] = Counter()
        self._waiting = False  # whether a timer runs
        self._lock = threading.Lock()

    def note(self, plot: str) -> None:
        """Count a view."""
        with self._lock:
            self._counts[plot] += 1
            if not self._waiting:
                self._waiting = True
                timer = threading.Timer(self._seconds, self.flush)
                timer.daemon = True
                timer.start()

    def flush(self) -> None:
        """Tell what was counted; what cannot be told now is told with the next view."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._waiting = False
        try:
            self._plots.count(dict(counts))
        except CloudError as error:
            log.warning("Views could not be counted: %s", error)
            with self._lock:
                self._counts += counts
