"""Compression of chunks that have not been used for a while, by the data service, page by page."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from bokeh_gc.clients import DataClient, Throttle
from bokeh_gc.lease import hold_lease
from bokeh_gc.repository import GcRepository

LEASE = "compression"

log = logging.getLogger(__name__)


class CompressionReport(TypedDict):
    """What a pass did: how many `chunks` were compressed, and the bytes of storage that this `saved`."""

    chunks: int
    saved: int


@dataclass(frozen=True)
class ChunkCompression:
    """Has all chunks compressed, pass by pass; a chunk that does not change is examined in one pass only.

    Attributes:
        data: the data service.
        repository: where it is stored how far the last pass came.
        after: seconds since its last use after which a chunk is compressed; 0 for never.
        rest: seconds to pause for each second of work.
        clock: returns the time in POSIX seconds.
    """

    data: DataClient
    repository: GcRepository
    after: float
    rest: float = 0.0
    clock: Callable[[], float] = time.time

    def run(self) -> CompressionReport:
        """Compress the chunks that have become old enough since the last pass.

        Raises:
            LeaseLost: another worker does this at the moment.
        """
        done: CompressionReport = {"chunks": 0, "saved": 0}
        if not self.after:
            return done
        with hold_lease(self.repository, LEASE, self.clock) as lease:
            throttle = Throttle(self.rest, lease.renew)
            since, until = self.repository.compressed_until(), self.clock() - self.after
            chunk: str | None = ""
            while chunk is not None:
                started = time.monotonic()
                page = self.data.compress(chunk, since, until)
                chunk = page.after
                done["chunks"] += page.chunks
                done["saved"] += page.saved
                throttle(time.monotonic() - started)
            self.repository.put_compressed_until(until)
        log.info("Compressed: %s", done)
        return done
