"""How often one may ask: by network address, and by email address.

Counted in memory, or in Redis where several processes share the counts. What is counted is the asking, not
whether it led to something, so a refusal tells nothing about who has an account.
"""

import hashlib
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bokeh_common.errors import TooMany, Unavailable

MAILS_PER_ORIGIN = parse("30/hour")
MAILS_PER_PAIR = parse("5/hour")
MAILS_PER_ADDRESS = parse("20/hour")  # more than of one origin: a stranger alone cannot use them up
FAILURES_PER_ORIGIN = parse("30/10 minutes")

IPV4 = 4


class Limits:
    """The limits of the auth service."""

    def __init__(self, url: str = "memory://") -> None:
        """Say where to count: `memory://`, or `redis://host:6379`."""
        self._limiter = FixedWindowRateLimiter(storage_from_string(url, wrap_exceptions=True))

    def mail(self, origin: str, address: str) -> None:
        """Count a mail that somebody asks for.

        Raises:
            TooMany: there were many from this origin, or to this address.
        """
        place, reader = _network(origin), hashlib.sha256(address.encode()).hexdigest()
        self._hit(MAILS_PER_ORIGIN, place)
        self._hit(MAILS_PER_PAIR, place, reader)
        self._hit(MAILS_PER_ADDRESS, reader)

    def failure(self, origin: str) -> None:
        """Count a wrong link."""
        with _counting():
            self._limiter.hit(FAILURES_PER_ORIGIN, _network(origin))

    def demand_few_failures(self, origin: str) -> None:
        """Raise `TooMany` where many wrong links came from."""
        with _counting():
            if not self._limiter.test(FAILURES_PER_ORIGIN, _network(origin)):
                raise self._refusal(FAILURES_PER_ORIGIN, _network(origin))

    def _hit(self, item: RateLimitItem, *keys: str) -> None:
        with _counting():
            if not self._limiter.hit(item, *keys):
                raise self._refusal(item, *keys)

    def _refusal(self, item: RateLimitItem, *keys: str) -> TooMany:
        reset = self._limiter.get_window_stats(item, *keys).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        return TooMany(f"That was often enough for now; try again in {seconds} seconds.", retry_after=seconds)


def _network(origin: str) -> str:
    """Return what one customer of a provider has: an IPv4 address, or 64 bits of an IPv6 one (RFC 6177)."""
    try:
        address = ip_address(origin)
    except ValueError:
        return origin
    return origin if address.version == IPV4 else str(ip_network((int(address), 64), strict=False))


@contextmanager
def _counting() -> Iterator[None]:
    """Without the counts nobody is let through: what they bound is mail to strangers."""
    try:
        yield
    except StorageError as error:
        raise Unavailable("Requests cannot be counted at this moment; try again soon.") from error
