"""What Ctrl+C does: the first one stops the server in order, and the second one ends it at once."""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

EXIT_CODE = 128 + signal.SIGINT  # as a shell reports it


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
