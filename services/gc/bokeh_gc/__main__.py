"""`python -m bokeh_gc`: collect garbage from time to time, until the process gets SIGTERM or SIGINT.

With `--once` it collects garbage now and exits: with status 1 if that failed, or if another worker did it.
"""

import os
import signal
import sys
from dataclasses import replace

from bokeh_common import logs
from bokeh_gc.app import dependencies_from_env
from bokeh_gc.container import Domain
from bokeh_gc.schedule.worker import tune_python_gc


def main() -> None:
    """Work until a signal arrives, or once."""
    logs.configure_logging(os.environ.get("BOKEH_CLOUD_LOG") or "json")
    dependencies = dependencies_from_env()
    tune_python_gc()
    if "--once" in sys.argv[1:]:
        settings = replace(dependencies.settings, every_hours=0.0)
        due = Domain.create(replace(dependencies, settings=settings))
        sys.exit(0 if due.worker.run_if_due() else 1)
    worker = Domain.create(dependencies).worker
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run_if_due()
    worker.work()


main()
