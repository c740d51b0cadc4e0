"""Notices that a plot or a data source has changed, for the event streams of open pages.

A notice says only what has changed; whoever gets it asks the service that stores it. Notices go to this
process, and over Redis to the others. They are sent after the change was stored, and may be lost, so
listeners look now and then without one.
"""

import logging
import queue
import threading
import weakref
from typing import Protocol

from bokeh_common.http.pub_sub import Subscription, connect, redis_errors

log = logging.getLogger(__name__)

CHANNEL = "bokeh-cloud:changes"

#: Notices that wait for Redis; more of them are dropped.
MAX_QUEUED = 10_000


class ChangeListener(Protocol):
    """Whoever gets the notices of this process, on any thread."""

    def notice(self, topic: str | None) -> None:
        """Handle the topic of a change; None if notices may have been missed."""


_listeners: "weakref.WeakSet[ChangeListener]" = weakref.WeakSet()


def register_listener(listener: ChangeListener) -> None:
    """Send the notices of this process to a listener, for as long as it exists."""
    _listeners.add(listener)


def plot_topic(plot: str) -> str:
    """Return the topic of a plot, by its id."""
    return f"plot:{plot}"


def source_topic(source: str) -> str:
    """Return the topic of a data source, by its id."""
    return f"source:{source}"


class ChangePublisher:
    """Publishes notices. The caller waits neither for listeners nor for Redis."""

    def __init__(self, redis_url: str | None = None) -> None:
        """Publish to a Redis, `redis://host:6379`; without a URL, to this process only."""
        self._redis = connect(redis_url) if redis_url else None
        self._queue: queue.Queue[str] = queue.Queue(MAX_QUEUED)
        self._started = threading.Lock()

    def publish(self, topic: str) -> None:
        """Publish a notice."""
        for listener in list(_listeners):
            listener.notice(topic)
        if self._redis is None:
            return
        try:
            self._queue.put_nowait(topic)
        except queue.Full:
            return
        if self._started.acquire(blocking=False):  # once, in the process that publishes
            threading.Thread(target=self._send_all, name="change notices", daemon=True).start()

    def _send_all(self) -> None:
        while True:
            topics = {self._queue.get()}
            while not self._queue.empty():
                topics.add(self._queue.get_nowait())
            try:
                self._send(topics)
            except redis_errors() as error:
                log.warning("Changes were not published (%s); pages show them later", type(error).__name__)

    def _send(self, topics: set[str]) -> None:
        if self._redis is None:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for topic in topics:
                pipeline.publish(CHANNEL, topic)
            pipeline.execute()


def subscribe(redis_url: str, listener: ChangeListener) -> Subscription:
    """Send the notices of other processes to a listener."""
    return Subscription(redis_url, CHANNEL, listener.notice)
