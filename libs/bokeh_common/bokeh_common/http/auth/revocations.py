"""Revocations of credentials are published over Redis pub/sub, so that no process uses outdated cached ones.

Caches of the process that revokes a credential are updated in any case. Without Redis, or while it does not
respond, caches of other processes are outdated for as long as the auth service allows, at most 30 seconds.
"""

import logging
import weakref
from collections.abc import Callable
from typing import Protocol

from bokeh_common.http.pub_sub import Subscription, connect, redis_errors

log = logging.getLogger(__name__)

CHANNEL = "bokeh-cloud:revocations"

OnRevoked = Callable[[str | None], object]


class CredentialCache(Protocol):
    """A cache of credentials in this process."""

    def forget(self, user: str | None = None) -> None:
        """Remove an account, or all of them, from the cache."""


#: The caches of this process. They are updated before the revocation is confirmed to the client.
_caches: "weakref.WeakSet[CredentialCache]" = weakref.WeakSet()


def register_cache(cache: CredentialCache) -> None:
    """Notify a cache of revocations in this process, for as long as it exists."""
    _caches.add(cache)


class RevocationPublisher:
    """Publishes revocations."""

    def __init__(self, redis_url: str | None) -> None:
        """Publish to a Redis, `redis://host:6379`; without a URL, to this process only."""
        self._redis = connect(redis_url) if redis_url else None

    def publish(self, user: str) -> None:
        """Remove an account from all caches.

        If Redis fails, only a warning is logged, as the revocation itself is effective already.
        """
        for cache in list(_caches):
            cache.forget(user)
        if self._redis is None:
            return
        try:
            self._redis.publish(CHANNEL, user)
        except redis_errors() as error:
            log.warning(
                "A revocation was not published (%s); other processes notice it after 30 seconds",
                type(error).__name__,
            )


class RevocationListener(Subscription):
    """Subscribes to revocations, in a thread of its own."""

    def __init__(self, redis_url: str, on_revoked: OnRevoked) -> None:
        """Start the thread.

        Args:
            redis_url: `redis://host:6379`.
            on_revoked: is called with the account of a revoked credential, and with None whenever the
                connection is established, as revocations may have been missed.
        """
        super().__init__(redis_url, CHANNEL, on_revoked)
