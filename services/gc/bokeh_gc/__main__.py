"""`python -m bokeh_gc`: collect garbage from time to time, until the process is told to end."""

import logging
import signal

from bokeh_gc.app import create_worker, dependencies


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    worker = create_worker(dependencies())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.look()
    worker.work()


main()
