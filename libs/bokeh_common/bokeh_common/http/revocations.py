"""News, over Redis, of accounts whose keys open less than before: so no process goes on with what it knew.

Whoever remembers keys in the process that revokes one hears of it in any case. Without Redis, or while it
does not answer, what others remember is as old as the auth service allows, half a minute at most.
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
LISTEN_SECONDS = 1.0  # how long a look for news waits; the news themselves come at once
RETRY_SECONDS = 1.0

Heard = Callable[[str | None], object]


class Ears(Protocol):
    """Somebody in this process who remembers keys."""

    def forget(self, user: str | None = None) -> None:
        """Forget what is known of an account, or of all."""


#: Those of this process: they hear of a revocation before whoever made it gets an answer.
_here: "weakref.WeakSet[Ears]" = weakref.WeakSet()


def listen_here(ears: Ears) -> None:
    """Have somebody told, as long as they are there, of what is revoked in this process."""
    _here.add(ears)


class Revocations:
    """Tells the news."""

    def __init__(self, redis_url: str | None) -> None:
        """Take the Redis, `redis://host:6379`; without one only this process is told."""
        self._redis = _connect(redis_url) if redis_url else None

    def tell(self, user: str) -> None:
        """Tell everybody to forget what they know of an account; what was revoked is so whoever hears it."""
        for ears in list(_here):
            ears.forget(user)
        if self._redis is None:
            return
        try:
            self._redis.publish(CHANNEL, user)
        except _errors() as error:
            log.warning("A revocation was not told (%s); it holds in half a minute", type(error).__name__)


class Listener:
    """Hears the news, in a thread of its own."""

    def __init__(self, redis_url: str, heard: Heard) -> None:
        """Start to listen.

        Args:
            redis_url: `redis://host:6379`.
            heard: called with the account that something was revoked of; with None when news may have been
                missed: whenever the connection is made.
        """
        self._redis = _connect(redis_url)
        self._heard = heard
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="revocations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except _errors() as error:
                log.warning("Revocations are not heard of (%s); trying again", type(error).__name__)
                self._heard(None)
                self._ended.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub() as channel:
            channel.subscribe(CHANNEL)
            while not self._ended.is_set():
                news = channel.get_message(timeout=LISTEN_SECONDS)
                if news is not None:
                    self._heard(news["data"].decode() if news["type"] == "message" else None)


def _connect(url: str) -> Any:
    redis = import_module("redis")
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=10
    )


def _errors() -> tuple[type[Exception], ...]:
    redis: Any = import_module("redis")
    return (redis.RedisError, OSError)
