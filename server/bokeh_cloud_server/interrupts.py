"""What Ctrl+C does: the first one stops the server in order, and the second one ends it at once."""

import logging
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from bokeh_common.http.server.draining import DRAINING

EXIT_CODE = 128 + signal.SIGINT  # as a shell reports it

#: How uvicorn's messages about requests begin that were not finished when the server stopped.
UNFINISHED = ("Cancel ", "ASGI callable returned without ")


def end_on_second_interrupt(arbiter: Any) -> None:
    """End this process and its workers without waiting when it is interrupted for the second time.

    Args:
        arbiter: that of gunicorn, whose own handler of SIGINT stops the workers, and then ignores others.
    """
    stop = signal.getsignal(signal.SIGINT)

    def handle_first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, handle_second)
        if callable(stop):
            stop(number, frame)

    def handle_second(_number: int, _frame: FrameType | None) -> None:
        for worker in list(arbiter.WORKERS):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        sys.stderr.write("Stopped without finishing requests.\n")
        sys.stderr.flush()
        os._exit(EXIT_CODE)

    signal.signal(signal.SIGINT, handle_first)


def hide_unfinished_requests() -> None:
    """Do not print an error for each request that Ctrl+C ends: an open page is no error of the server."""
    logging.getLogger("uvicorn.error").addFilter(_is_not_of_unfinished_request)


def _is_not_of_unfinished_request(record: logging.LogRecord) -> bool:
    return not (DRAINING.is_set() and record.getMessage().startswith(UNFINISHED))
