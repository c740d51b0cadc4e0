"""The gunicorn configuration of a service.

    gunicorn -c python:bokeh_common.http.server.gunicorn_config 'bokeh_data.app:get_app()'

Lower-case names are settings of gunicorn. Their defaults fit the machine, and variables override them:
`BOKEH_CLOUD_BIND`, `BOKEH_CLOUD_PEERS_BIND` (a second address, for other services), `BOKEH_CLOUD_WORKERS`,
`BOKEH_CLOUD_THREADS`, `BOKEH_CLOUD_DRAIN_SECONDS`, `BOKEH_CLOUD_GRACE_SECONDS`,
`BOKEH_CLOUD_REQUEST_SECONDS`, `BOKEH_CLOUD_SLOWEST`, `BOKEH_CLOUD_LOG` (json or text).
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from bokeh_common import logs, metrics
from bokeh_common.environment import read_int
from bokeh_common.http.server.draining import stop_seconds
from bokeh_common.http.server.process_settings import (
    KEEPALIVE_SECONDS,
    WORKER_CLASS,
    WORKER_TIMEOUT_SECONDS,
    thread_count,
)

#: For more processes, use more replicas.
MAX_WORKERS = 4


def cores() -> float:
    """Return how many cores this process may use, by its CPU affinity and the limit of its container."""
    available = float(len(os.sched_getaffinity(0)))
    limit = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: microseconds of CPU time, and of the period
    time, _, period = (limit.read_text() if limit.exists() else "max 1").partition(" ")
    return available if time == "max" else min(available, int(time) / int(period))


def _log() -> str:
    return os.environ.get("BOKEH_CLOUD_LOG") or "json"


def on_starting(_server: object) -> None:
    """Configure logging, and create the folder in which workers store metrics."""
    logs.configure_logging(_log())
    os.environ[metrics.MULTIPROC_FOLDER] = tempfile.mkdtemp(prefix="bokeh-cloud-metrics-")


def child_exit(_server: object, worker: Any) -> None:
    """Remove the gauges of a worker that has exited."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # it has no annotations


def on_exit(_server: object) -> None:
    """Remove the folder of metrics."""
    shutil.rmtree(os.environ[metrics.MULTIPROC_FOLDER], ignore_errors=True)


bind = [
    address
    for name, default in (("BOKEH_CLOUD_BIND", "0.0.0.0:8000"), ("BOKEH_CLOUD_PEERS_BIND", ""))
    if (address := os.environ.get(name) or default)
]
workers = read_int(os.environ, "BOKEH_CLOUD_WORKERS", max(1, min(MAX_WORKERS, round(cores()))), minimum=1)
worker_class = WORKER_CLASS
thread_count()  # checked here, as a worker cannot report an error of a setting well
graceful_timeout = stop_seconds()
keepalive = KEEPALIVE_SECONDS
timeout = WORKER_TIMEOUT_SECONDS
loglevel = "warning"
control_socket_disable = True
#: Workers update a file in this folder as a heartbeat, which must not depend on a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn creates its file safely
