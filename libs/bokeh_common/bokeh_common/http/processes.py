"""What holds for gunicorn however it is started: by `serving`, or by `bokeh-cloud serve`."""

import os

from gunicorn.http import message

from bokeh_common.environment import whole

#: Bytes of a request's first line. A thousand object ids are 25 KB; gunicorn's own bound is 8, or nothing.
REQUEST_LINE = 1 << 16

WORKER = "bokeh_common.http.worker.Worker"

#: Most requests wait for storage or for other services, so a core can have several of them.
THREADS = 16

#: Longer than the gateway keeps a connection (30 s): who sends a request must never meet who hangs up.
KEEPALIVE_SECONDS = 75


def allow_long_lines() -> None:
    """Let requests have a first line of `REQUEST_LINE` bytes, which gunicorn has no setting for."""
    vars(message)["MAX_REQUEST_LINE"] = REQUEST_LINE


def thread_count() -> int:
    """Return how many requests a process answers at a time (`BOKEH_CLOUD_THREADS`); raises `Invalid`."""
    return whole(os.environ, "BOKEH_CLOUD_THREADS", THREADS, least=1)
