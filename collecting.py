"""Collecting the garbage of the embedded cloud, in a process of its own and of low priority.

On a thread of the server it would make requests wait: Python runs one thread at a time. `python -m
collecting` is one run, on the storage that `BOKEH_CLOUD_STORAGE` names, beside those who serve from it.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import NoReturn

import bokeh_gc.app
import bokeh_gc.settings
import embedded
from bokeh_common.errors import CloudError
from bokeh_common.storage import open_records
from bokeh_gc.app import HOUR
from bokeh_gc.records import Records
from bokeh_gc.worker import LOOK_SECONDS, Schedule, seldom_look_for_cycles

NICE = 10  # behind whatever else this machine does

log = logging.getLogger(__name__)


def start(storage: str) -> None:
    """Collect from now on, for as long as this process lives; `BOKEH_CLOUD_GC_EVERY_HOURS=0` is never."""
    every = _settings(storage).every_hours * HOUR
    if every:
        schedule = Schedule(Records(open_records(storage, "gc")), every)
        threading.Thread(target=_watch, args=(storage, schedule), name="gc", daemon=True).start()


def _watch(storage: str, schedule: Schedule) -> NoReturn:
    while True:
        time.sleep(min(LOOK_SECONDS, schedule.every))
        try:
            if schedule.is_due():
                _run(storage)
        except (CloudError, OSError) as error:
            log.warning("The garbage collector could not begin; it will try again: %s", error)


def _run(storage: str) -> None:
    """Run the collector in a process that ends with this one: then its standard input ends."""
    environ = {**os.environ, "BOKEH_CLOUD_STORAGE": storage}
    command = [sys.executable, "-m", "collecting"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environ) as process:  # noqa: S603  # our own module
        process.wait()


def main() -> None:
    """Collect once, if it is time."""
    try:
        os.nice(NICE)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        seldom_look_for_cycles()
        bokeh_gc.app.create_worker(dependencies(os.environ["BOKEH_CLOUD_STORAGE"])).look()
    except KeyboardInterrupt:  # nothing is lost: the next run begins again
        sys.exit(1)


def dependencies(storage: str) -> bokeh_gc.app.Dependencies:
    """Return what a collector needs, with the services in this process; raises as `embedded.create_app`."""
    redis_url = os.environ.get("BOKEH_CLOUD_REDIS_URL") or None
    peers = embedded.peers(storage, ("auth", "plots", "data"), "gc", redis_url)
    return bokeh_gc.app.Dependencies(_settings(storage), open_records(storage, "gc"), *peers)


def _settings(storage: str) -> bokeh_gc.settings.Settings:
    return bokeh_gc.settings.Settings.from_env({**os.environ, "BOKEH_CLOUD_STORAGE": storage})


def _end_with_parent() -> None:
    os.read(0, 1)  # not by sys.stdin: its lock, held by this thread, would break the end of the interpreter
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # also when that one sleeps


if __name__ == "__main__":
    main()
