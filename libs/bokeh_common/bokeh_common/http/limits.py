"""How often something may be asked: counted in memory, or in Redis where processes share the counts."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import falcon
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from bokeh_common.errors import TooMany, Unavailable

REDIS_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class Limit:
    """So many times in so many seconds; `name` is what its counts are kept under."""

    name: str
    times: int
    seconds: int

    @property
    def item(self) -> RateLimitItem:
        """The limit in the library's words."""
        return RateLimitItemPerSecond(self.times, self.seconds, f"bokeh-cloud-{self.name}")


@dataclass(frozen=True)
class Allowance:
    """What is left of a limit: `remaining` of `quota` in the `window`, seconds, which ends in `reset`."""

    name: str
    quota: int
    window: int
    remaining: int
    reset: int


class Limiter:
    """Counts."""

    def __init__(self, redis_url: str | None = None) -> None:
        """Say where: in that Redis, `redis://host:6379`, or in this process."""
        timeouts = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
        options = timeouts if redis_url else {}
        storage = storage_from_string(redis_url or "memory://", wrap_exceptions=True, **options)
        self._limiter = FixedWindowRateLimiter(storage)

    def hit(self, limit: Limit, *keys: str) -> Allowance:
        """Count once more.

        Raises:
            TooMany: it was often enough; it is not counted then.
            Unavailable: Redis does not answer.
        """
        with _counting():
            counted = self._limiter.hit(limit.item, *keys)
        allowance = self.look(limit, *keys)
        if not counted:
            raise refusal(allowance)
        return allowance

    def look(self, limit: Limit, *keys: str) -> Allowance:
        """Say what is left, without counting; `Unavailable`."""
        with _counting():
            stats = self._limiter.get_window_stats(limit.item, *keys)
        reset = max(1, math.ceil(stats.reset_time - time.time()))
        return Allowance(limit.name, limit.times, limit.seconds, stats.remaining, min(reset, limit.seconds))


def refusal(allowance: Allowance) -> TooMany:
    """Return the error of who has nothing left."""
    detail = f"That was often enough for now; try again in {allowance.reset} seconds."
    return TooMany(detail, retry_after=allowance.reset, limits=[asdict(allowance)])


def tell_limits(resp: falcon.Response, limits: Sequence[Mapping[str, Any]]) -> None:
    """Say in headers what is left (draft-ietf-httpapi-ratelimit-headers-10); `limits` as of `Allowance`."""
    policies = [f'"{limit["name"]}";q={limit["quota"]};w={limit["window"]}' for limit in limits]
    left = [f'"{limit["name"]}";r={limit["remaining"]};t={limit["reset"]}' for limit in limits]
    if limits:
        resp.set_header("RateLimit-Policy", ", ".join(policies))
        resp.set_header("RateLimit", ", ".join(left))


@contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise Unavailable("Requests cannot be counted at this moment; try again soon.") from error
