"""Counts how often plots are viewed, and reports the counts to the plots service every few seconds.

No page waits for a count to be stored. A process that crashes loses the counts of the last seconds.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress

from bokeh_common.errors import CloudError
from bokeh_web.clients.plots import PlotsClient

REPORT_SECONDS = 5.0

#: How long a process that stops waits for the last report; the plots service may have stopped before.
LAST_REPORT_SECONDS = 1.0

log = logging.getLogger(__name__)


class ViewCounter:
    """Counts the views of plots, and is falcon middleware in order to report the last ones at the end."""

    def __init__(self, plots: PlotsClient, seconds: float = REPORT_SECONDS) -> None:
        """Report to `plots` at most once in so many seconds."""
        self._plots = plots
        self._seconds = seconds
        self._counts: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def count(self, plot: str) -> None:
        """Count a view of a plot, on the event loop."""
        self._counts[plot] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._report_regularly())

    async def process_shutdown(self, *_: object) -> None:
        """Report the last counts before the process stops."""
        if self._task is not None:
            self._task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_REPORT_SECONDS):
                await self._report()

    async def _report_regularly(self) -> None:
        while self._counts:
            await asyncio.sleep(self._seconds)
            await self._report()

    async def _report(self) -> None:
        """Report the counts. If that fails, they are kept for the next report."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await self._plots.add_views(dict(counts))
        except CloudError as error:
            log.warning("Views could not be counted: %s", error)
            self._counts += counts
