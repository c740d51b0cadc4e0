"""How gunicorn serves a service.

    gunicorn -c python:bokeh_common.http.serving 'bokeh_data.app:get_app()'

The names in small letters are gunicorn's settings, with defaults that fit the machine; variables change them:
`BOKEH_CLOUD_BIND`, `BOKEH_CLOUD_PEERS_BIND` (where other services ask, if not there), `BOKEH_CLOUD_WORKERS`,
`BOKEH_CLOUD_THREADS`, `BOKEH_CLOUD_DRAIN_SECONDS`, `BOKEH_CLOUD_GRACE_SECONDS`,
`BOKEH_CLOUD_REQUEST_SECONDS`, `BOKEH_CLOUD_SLOWEST`, `BOKEH_CLOUD_LOG` (json or text).
"""

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from bokeh_common import logs, metrics
from bokeh_common.environment import whole
from bokeh_common.http.draining import MOST, drain_seconds
from bokeh_common.http.processes import (
    KEEPALIVE_SECONDS,
    REQUEST_LINE,
    WORKER,
    allow_long_lines,
    thread_count,
)

#: More processes than that serve a machine better as more replicas.
MOST_WORKERS = 4


def cores() -> float:
    """Return how many cores this process may use: those it may run on, and what its container is given."""
    given = float(len(os.sched_getaffinity(0)))
    limit = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: microseconds of time, in microseconds
    time, _, period = (limit.read_text() if limit.exists() else "max 1").partition(" ")
    return given if time == "max" else min(given, int(time) / int(period))


def _log() -> str:
    return os.environ.get("BOKEH_CLOUD_LOG") or "json"


def on_starting(_server: object) -> None:
    """Make the folder in which workers measure, and send to the log what belongs there."""
    logs.set_up(_log())
    os.environ[metrics.FOLDER] = tempfile.mkdtemp(prefix="bokeh-cloud-metrics-")


def child_exit(_server: object, worker: Any) -> None:
    """Forget the gauges of a worker that is gone."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # it says no types


def on_exit(_server: object) -> None:
    """Clear away what workers measured."""
    shutil.rmtree(os.environ[metrics.FOLDER], ignore_errors=True)


allow_long_lines()

#: The gateway's comes first; `worker` knows it by that.
bind = [
    address
    for name, default in (("BIND", "0.0.0.0:8000"), ("PEERS_BIND", ""))
    if (address := os.environ.get(f"BOKEH_CLOUD_{name}") or default)
]
workers = whole(os.environ, "BOKEH_CLOUD_WORKERS", max(1, min(MOST_WORKERS, round(cores()))), least=1)
worker_class = WORKER
threads = thread_count()
#: How long it goes on when it is to stop, and how long requests under way, such as uploads, may take then.
graceful_timeout = math.ceil((1 + MOST) * drain_seconds())
graceful_timeout += whole(os.environ, "BOKEH_CLOUD_GRACE_SECONDS", 60)
keepalive = KEEPALIVE_SECONDS
limit_request_line = REQUEST_LINE
loglevel = "warning"
control_socket_disable = True
#: Workers tell by the times of a file here that they live; a disk that is slow must not kill them.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn makes a safe one in it
