"""Rate limits: counted in memory, or in Redis if processes share the counts."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from falcon.asgi import Response
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bokeh_common.errors import TooManyRequests, Unavailable
from bokeh_common.http.server.thread_pools import STORAGE

REDIS_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class RateLimit:
    """A number of requests in a number of seconds; counts are stored under its name."""

    name: str
    times: int
    seconds: int

    @property
    def item(self) -> RateLimitItem:
        """The limit as an object of the limits library."""
        return RateLimitItemPerSecond(self.times, self.seconds, f"bokeh-cloud-{self.name}")


@dataclass(frozen=True)
class Allowance:
    """The state of a rate limit.

    Attributes:
        name: of the limit.
        quota: the number of requests allowed in a window.
        window: its length in seconds.
        remaining: how many requests are left in the current window.
        reset: the seconds until it ends.
    """

    name: str
    quota: int
    window: int
    remaining: int
    reset: int


class RateLimiter:
    """Counts requests."""

    def __init__(self, redis_url: str | None = None) -> None:
        """Count in a Redis, `redis://host:6379`, or without a URL in this process."""
        timeouts = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
        options = timeouts if redis_url else {}
        storage = storage_from_string(redis_url or "memory://", wrap_exceptions=True, **options)
        self._limiter = FixedWindowRateLimiter(storage)
        self._is_remote = redis_url is not None

    def hit(self, limit: RateLimit, *keys: str) -> Allowance:
        """Count a request.

        Args:
            limit: the limit that it counts against.
            keys: identify whose requests are counted.

        Raises:
            TooManyRequests: the limit is exceeded; the request is not counted.
            Unavailable: Redis does not respond.
        """
        with _translate_storage_errors():
            counted = self._limiter.hit(limit.item, *keys)
        allowance = self.peek(limit, *keys)
        if not counted:
            raise too_many_requests(allowance)
        return allowance

    async def hit_async(self, limit: RateLimit, *keys: str) -> Allowance:
        """Like `hit`, on the event loop: on a thread if Redis has to be asked."""
        if self._is_remote:
            return await STORAGE.run(self.hit, limit, *keys)
        return self.hit(limit, *keys)

    def peek(self, limit: RateLimit, *keys: str) -> Allowance:
        """Return the state of a limit without counting a request; raises `Unavailable`."""
        with _translate_storage_errors():
            stats = self._limiter.get_window_stats(limit.item, *keys)
        reset = max(1, math.ceil(stats.reset_time - time.time()))
        return Allowance(limit.name, limit.times, limit.seconds, stats.remaining, min(reset, limit.seconds))


def too_many_requests(allowance: Allowance) -> TooManyRequests:
    """Return the error of an exceeded limit."""
    detail = f"You have sent too many requests; try again in {allowance.reset} seconds."
    return TooManyRequests(detail, retry_after=allowance.reset, limits=[asdict(allowance)])


def set_rate_limit_headers(resp: Response, limits: Sequence[Mapping[str, Any]]) -> None:
    """Set the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).

    Args:
        resp: the response.
        limits: dicts with the attributes of `Allowance`.
    """
    policies = [f'"{limit["name"]}";q={limit["quota"]};w={limit["window"]}' for limit in limits]
    states = [f'"{limit["name"]}";r={limit["remaining"]};t={limit["reset"]}' for limit in limits]
    if limits:
        resp.set_header("RateLimit-Policy", ", ".join(policies))
        resp.set_header("RateLimit", ", ".join(states))


@contextmanager
def _translate_storage_errors() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise Unavailable("Requests cannot be counted at the moment; try again soon.") from error
