"""Garbage collection of the embedded cloud, in a separate process with low priority.

A thread of the server would delay requests, as Python runs one thread at a time. `python -m
bokeh_cloud_server.gc_process` runs the collector once, if it is due, on the storage of `BOKEH_CLOUD_STORAGE`,
which servers may use at the same time.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import NoReturn

import bokeh_gc.settings
from bokeh_cloud_server import embedded
from bokeh_common.environment import read_redis_url
from bokeh_common.errors import CloudError
from bokeh_common.storage import open_records
from bokeh_gc.container import HOUR, Dependencies, Domain
from bokeh_gc.repository import GcRepository
from bokeh_gc.schedule.worker import POLL_SECONDS, RunSchedule, tune_python_gc

NICE = 10  # a low priority

log = logging.getLogger(__name__)


def start(storage: str) -> None:
    """Start collecting garbage regularly, in the background; never if `BOKEH_CLOUD_GC_EVERY_HOURS` is 0."""
    every = _settings(storage).every_hours * HOUR
    if every:
        schedule = RunSchedule(GcRepository(open_records(storage, "gc")), every)
        threading.Thread(target=_watch, args=(storage, schedule), name="gc", daemon=True).start()


def _watch(storage: str, schedule: RunSchedule) -> NoReturn:
    while True:
        time.sleep(min(POLL_SECONDS, schedule.every))
        try:
            if schedule.is_due():
                _run(storage)
        except (CloudError, OSError) as error:
            log.warning("The garbage collector could not be started; trying again: %s", error)


def _run(storage: str) -> None:
    """Run the collector in a process that ends with this one, as its standard input is closed then."""
    environ = {**os.environ, "BOKEH_CLOUD_STORAGE": storage}
    command = [sys.executable, "-m", "bokeh_cloud_server.gc_process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environ) as process:  # noqa: S603  # a module of this package
        process.wait()


def main() -> None:
    """Run the collector once, if it is due."""
    try:
        os.nice(NICE)
        threading.Thread(target=_exit_with_parent, daemon=True).start()
        tune_python_gc()
        Domain.create(dependencies(os.environ["BOKEH_CLOUD_STORAGE"])).worker.run_if_due()
    except KeyboardInterrupt:  # the next run starts from the beginning
        sys.exit(1)


def dependencies(storage: str) -> Dependencies:
    """Return the dependencies of the collector, with services in this process; `CloudError`."""
    redis_url = read_redis_url(os.environ)
    clients = embedded.service_clients(storage, ("auth", "plots", "data"), "gc", redis_url)
    return Dependencies(_settings(storage), open_records(storage, "gc"), *clients)


def _settings(storage: str) -> bokeh_gc.settings.Settings:
    return bokeh_gc.settings.Settings.from_env({**os.environ, "BOKEH_CLOUD_STORAGE": storage})


def _exit_with_parent() -> None:
    os.read(0, 1)  # sys.stdin would hold a lock that breaks the shutdown of Python
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # interrupts a sleep, too


if __name__ == "__main__":
    main()
