"""Revocations of credentials are published over Redis pub/sub, so that no process uses outdated cached ones.

Caches of the process that revokes a credential are updated in any case. Without Redis, or while it does not
respond, caches of other processes are outdated for as long as the auth service allows, at most 30 seconds.
"""

import logging
import threading
import weakref
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

log = logging.getLogger(__name__)

CHANNEL = "bokeh-cloud:revocations"
TIMEOUT_SECONDS = 2.0
POLL_SECONDS = 1.0  # after which the thread checks whether it should stop
RETRY_SECONDS = 1.0

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
        self._redis = _connect(redis_url) if redis_url else None

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
        except _errors() as error:
            log.warning(
                "A revocation was not published (%s); other processes notice it after 30 seconds",
                type(error).__name__,
            )


class RevocationListener:
    """Subscribes to revocations, in a thread of its own."""

    def __init__(self, redis_url: str, on_revoked: OnRevoked) -> None:
        """Start the thread.

        Args: redis_url: `redis://host:6379`. on_revoked: is called with the account of a revoked credential,
            and with None whenever the connection
                is established, as revocations may have been missed.
        """
        self._redis = _connect(redis_url)
        self._on_revoked = on_revoked
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="revocations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except _errors() as error:
                log.warning("Not subscribed to revocations (%s); trying again", type(error).__name__)
                self._on_revoked(None)
                self._stopped.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub() as channel:
            channel.subscribe(CHANNEL)
            while not self._stopped.is_set():
                message = channel.get_message(timeout=POLL_SECONDS)
                if message is not None:
                    self._on_revoked(message["data"].decode() if message["type"] == "message" else None)


def _connect(url: str) -> Any:
    redis = import_module("redis")
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=10
    )


def _errors() -> tuple[type[Exception], ...]:
    redis: Any = import_module("redis")
    return (redis.RedisError, OSError)
