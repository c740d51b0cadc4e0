"""How often one may ask: by network address, and by email address.

Counted in memory, or in Redis where several processes share the counts. What is counted is the asking, not
whether it led to something, so a refusal tells nothing about who has an account.
"""

import hashlib
import math
import time

from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bokeh_common.errors import TooMany

MAILS_PER_ORIGIN = parse("30/hour")
MAILS_PER_ADDRESS = parse("5/hour")
FAILURES_PER_ORIGIN = parse("30/10 minutes")


class Limits:
    """The limits of the auth service."""

    def __init__(self, url: str = "memory://") -> None:
        """Say where to count: `memory://`, or `redis://host:6379`."""
        self._limiter = FixedWindowRateLimiter(storage_from_string(url))

    def mail(self, origin: str, address: str) -> None:
        """Count a mail that somebody asks for.

        Raises:
            TooMany: there were many from this origin, or to this address.
        """
        self._hit(MAILS_PER_ORIGIN, origin)
        self._hit(MAILS_PER_ADDRESS, hashlib.sha256(address.encode()).hexdigest())

    def failure(self, origin: str) -> None:
        """Count a wrong link."""
        self._limiter.hit(FAILURES_PER_ORIGIN, origin)

    def demand_few_failures(self, origin: str) -> None:
        """Raise `TooMany` where many wrong links came from."""
        if not self._limiter.test(FAILURES_PER_ORIGIN, origin):
            raise self._refusal(FAILURES_PER_ORIGIN, origin)

    def _hit(self, item: RateLimitItem, key: str) -> None:
        if not self._limiter.hit(item, key):
            raise self._refusal(item, key)

    def _refusal(self, item: RateLimitItem, key: str) -> TooMany:
        reset = self._limiter.get_window_stats(item, key).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        return TooMany(f"That was often enough for now; try again in {seconds} seconds.", retry_after=seconds)
