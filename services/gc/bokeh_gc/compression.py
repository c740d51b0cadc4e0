"""Having the data service compress the chunks that have come to rest, page by page."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from bokeh_gc.lease import leased
from bokeh_gc.peers import Data, Pace
from bokeh_gc.records import Records

LEASE = "compression"

log = logging.getLogger(__name__)


class Compressed(TypedDict):
    """What a pass did: how many `chunks` were compressed, and the `saved` bytes of the storage."""

    chunks: int
    saved: int


@dataclass(frozen=True)
class Compression:
    """Goes over all chunks from time to time; each that does not change is looked at once.

    Attributes:
        data: the data service.
        records: where it is kept how far the last pass came.
        after: seconds after which a chunk that nobody has touched is at rest; 0 for never.
        rest: seconds of rest for each second of work.
        clock: POSIX seconds.
    """

    data: Data
    records: Records
    after: float
    rest: float = 0.0
    clock: Callable[[], float] = time.time

    def run(self) -> Compressed:
        """Compress what has come to rest since the last pass.

        Raises:
            Lost: another worker is at it.
        """
        done: Compressed = {"chunks": 0, "saved": 0}
        if not self.after:
            return done
        with leased(self.records, LEASE, self.clock) as lease:
            pace = Pace(self.rest, lease.renew)
            since, until = self.records.compressed_until(), self.clock() - self.after
            chunk: str | None = ""
            while chunk is not None:
                begun = time.monotonic()
                page = self.data.compress(chunk, since, until)
                chunk = page.after
                done["chunks"] += page.chunks
                done["saved"] += page.saved
                pace(time.monotonic() - begun)
            self.records.put_compressed_until(until)
        log.info("Compressed: %s", done)
        return done
