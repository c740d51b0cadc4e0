"""How long a service has not responded."""

import math
import time

#: How long requests are retried while a service restarts. In longer outages, they fail at once.
MAX_OUTAGE_SECONDS = 45.0

FORGET_SECONDS = 60.0  # after the last request without a response


class Outage:
    """Keeps track of how long a service has not responded, so that requests do not wait in long outages."""

    def __init__(self) -> None:
        self._since = self._last = -math.inf

    def record(self) -> bool:
        """Record that the service does not respond; return whether to retry.

        If it was not called for a while, this is another outage: whoever noticed the last one may have hung
        up before the service responded.
        """
        now = time.monotonic()
        if now - self._last > FORGET_SECONDS:
            self._since = now
        self._last = now
        return now - self._since < MAX_OUTAGE_SECONDS

    def end(self) -> None:
        """Record that the service responds."""
        self._last = -math.inf
