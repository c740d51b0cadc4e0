"""Whether this process is about to end: it still answers, and asks to be left alone."""

import os
import threading
import time

from bokeh_common.environment import number

#: Set when the end has begun; it is never taken back.
DRAINING = threading.Event()

#: How many times its drain seconds a process that is still asked goes on at most.
MOST = 3


class Asked:
    """When this process was last asked for something, on the monotonic clock."""

    last = 0.0

    def note(self) -> None:
        """Note that it is asked now."""
        self.last = time.monotonic()


ASKED = Asked()


def drain_seconds() -> float:
    """Return for how long a process that is to end goes on after it was asked (`BOKEH_CLOUD_DRAIN_SECONDS`).

    Meanwhile the others take note; the gateway looks once a second. Raises `Invalid`.
    """
    return number(os.environ, "BOKEH_CLOUD_DRAIN_SECONDS", 3)


def wait_until_quiet() -> None:
    """Wait until nobody has asked for `drain_seconds`, or for `MOST` times that.

    Where all services are told to end at once, what one of them has under way may still need another one.
    """
    begun, seconds = time.monotonic(), drain_seconds()
    last = begun + MOST * seconds
    while (left := min(max(begun, ASKED.last) + seconds, last) - time.monotonic()) > 0:
        time.sleep(left)
