"""Whether this process is about to end: it still answers, and asks to be left alone."""

import os
import threading

#: Set when the end has begun; it is never taken back.
DRAINING = threading.Event()


def drain_seconds() -> float:
    """Return for how long a process that is to end goes on (`BOKEH_CLOUD_DRAIN_SECONDS`).

    Meanwhile the others take note; the gateway looks once a second.
    """
    return float(os.environ.get("BOKEH_CLOUD_DRAIN_SECONDS") or 3)
