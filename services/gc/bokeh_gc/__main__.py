"""`python -m bokeh_gc`: collect garbage from time to time, until the process is told to end.

With `--once` it does so now, and ends: with 1 if it could not, or another worker was at it.
"""

import os
import signal
import sys
from dataclasses import replace

from bokeh_common import logs
from bokeh_gc.app import create_worker, dependencies
from bokeh_gc.worker import seldom_look_for_cycles


def main() -> None:
    """Work until SIGTERM or SIGINT, or once."""
    logs.set_up(os.environ.get("BOKEH_CLOUD_LOG") or "json")
    given = dependencies()
    seldom_look_for_cycles()
    if "--once" in sys.argv[1:]:
        now = replace(given, settings=replace(given.settings, every_hours=0.0))
        sys.exit(0 if create_worker(now).look() else 1)
    worker = create_worker(given)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.look()
    worker.work()


main()
