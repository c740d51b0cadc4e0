"""Settings of gunicorn that `gunicorn_config` and `bokeh-cloud serve` share."""

import os

from bokeh_common.environment import read_float, read_int

WORKER_CLASS = "bokeh_common.http.server.worker.ServiceWorker"

#: Blocking calls that wait at the same time. More than one for each core, as most of them wait for storage.
DEFAULT_THREADS = 16

#: Longer than the gateway keeps connections (30 s), so that it never uses one that is being closed.
KEEPALIVE_SECONDS = 75


#: gunicorn restarts a worker whose event loop has made no progress for so long.
WORKER_TIMEOUT_SECONDS = 120


def thread_count() -> int:
    """Return the number of threads for blocking calls (`BOKEH_CLOUD_THREADS`); raises `Invalid`."""
    return read_int(os.environ, "BOKEH_CLOUD_THREADS", DEFAULT_THREADS, minimum=1)


def grace_seconds() -> int:
    """Return how long a stopping process finishes requests (`BOKEH_CLOUD_GRACE_SECONDS`); `Invalid`."""
    return read_int(os.environ, "BOKEH_CLOUD_GRACE_SECONDS", 60)


def request_seconds() -> float:
    """Return the timeout of requests (`BOKEH_CLOUD_REQUEST_SECONDS`); raises `Invalid`."""
    return read_float(os.environ, "BOKEH_CLOUD_REQUEST_SECONDS", 20, minimum=1)


def min_bytes_per_second() -> float:
    """Return the minimum speed of clients (`BOKEH_CLOUD_SLOWEST`); raises `Invalid`."""
    return read_float(os.environ, "BOKEH_CLOUD_SLOWEST", 4096, minimum=1)
