"""Messages between the processes of a cloud, over Redis pub/sub.

They may be lost while Redis does not respond.
"""

import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0
POLL_SECONDS = 1.0  # after which the thread checks whether it should stop
RETRY_SECONDS = 1.0

OnMessage = Callable[[str | None], object]


class Subscription:
    """Subscribes to a channel, in a thread of its own."""

    def __init__(self, redis_url: str, channel: str, on_message: OnMessage) -> None:
        """Start the thread.

        Args:
            redis_url: `redis://host:6379`.
            channel: its name.
            on_message: is called with each message, and with None whenever the connection is established or
                lost, as messages may have been missed.
        """
        self._redis = connect(redis_url)
        self._channel = channel
        self._on_message = on_message
        self._stopped = threading.Event()
        self._connected = threading.Event()
        self._is_outage_logged = False
        self._thread = threading.Thread(target=self._run, name=channel, daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """Whether messages arrive at present."""
        return self._connected.is_set()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except redis_errors() as error:
                self._connected.clear()
                self._log_outage(error)
                self._on_message(None)
                self._stopped.wait(RETRY_SECONDS)

    def _log_outage(self, error: Exception) -> None:
        """Log an outage once, however often the thread tries again."""
        if not self._is_outage_logged:
            log.warning("Not subscribed to %s (%s); trying again", self._channel, type(error).__name__)
        self._is_outage_logged = True

    def _listen(self) -> None:
        with self._redis.pubsub() as channel:
            channel.subscribe(self._channel)
            while not self._stopped.is_set():
                message = channel.get_message(timeout=POLL_SECONDS)
                if message is not None:
                    self._connected.set()
                    self._is_outage_logged = False
                    is_message = message["type"] == "message"
                    self._on_message(message["data"].decode() if is_message else None)


def connect(url: str) -> Any:
    """Return a client of a Redis."""
    redis = import_module("redis")
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=10
    )


def redis_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a Redis that does not respond."""
    redis: Any = import_module("redis")
    return (redis.RedisError, OSError)
