"""A period in which the server does not accept rows: when to try again, and what the log says."""

import logging
import random
import time

FIRST_DELAY = 0.5  # seconds until a request is repeated, doubled with each attempt
MAX_DELAY = 15.0

log = logging.getLogger("bokeh_cloud")


class ServerOutage:
    """The outage that a writer observes, if there is one.

    Attributes:
        reason: why the last request failed; "" if it did not.
    """

    def __init__(self, name: str, url: str) -> None:
        self.reason = ""
        self._name = name
        self._url = url
        self._since = 0.0
        self._attempts = 0
        self._retry_at = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds until the next attempt; 0 if there is no outage."""
        return max(0.0, self._retry_at - time.monotonic())

    def failed(self, reason: str) -> None:
        """Note that a request failed; one alone is not logged, such as that of an idle connection."""
        now = time.monotonic()
        if not self._attempts:
            self._since = now
        elif self._attempts == 1:
            log.warning("%s: rows are kept, and sent when %s accepts them: %s", self._name, self._url, reason)
        delay = min(MAX_DELAY, FIRST_DELAY * 2**self._attempts)
        self._retry_at = now + delay * random.uniform(0.5, 1)  # noqa: S311 - writers should not retry together
        self._attempts = min(self._attempts + 1, 10)
        self.reason = reason

    def retry_now(self) -> None:
        """Let the next attempt be at once."""
        self._retry_at = 0.0

    def ended(self, count: int) -> None:
        """Note that a request succeeded, and how many rows waited for it."""
        if self._attempts > 1:
            seconds = time.monotonic() - self._since
            log.warning("%s: rows are accepted again after %.0f s; %d waited.", self._name, seconds, count)
        self.reason, self._attempts, self._retry_at = "", 0, 0.0
