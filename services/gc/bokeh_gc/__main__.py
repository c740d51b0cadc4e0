"""`python -m bokeh_gc`: collect garbage from time to time, until the process is told to end."""

import os
import signal

from bokeh_common import logs
from bokeh_gc.app import create_worker, dependencies


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    logs.set_up(os.environ.get("BOKEH_CLOUD_LOG") or "json")
    worker = create_worker(dependencies())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.look()
    worker.work()


main()
