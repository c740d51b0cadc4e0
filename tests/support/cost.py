"""What a call costs: CPU time and memory."""

import gc
import time
from collections.abc import Callable
from contextlib import suppress

#: How often a call is repeated that seems to take too long: other work of the machine is no cost of the call.
REPEATS = 3


def cpu_seconds(call: Callable[[], object], limit: float, *errors: type[Exception]) -> float:
    """Return the CPU time of a call in seconds, of the fastest of several if the first ones exceed `limit`.

    Args:
        call: may raise `errors`, which are ignored.
        limit: in seconds.
        errors: what the call may raise.
    """
    fastest = float("inf")
    gc.disable()
    try:
        for _ in range(REPEATS):
            began = time.process_time()
            with suppress(*errors):
                call()
            fastest = min(fastest, time.process_time() - began)
            if fastest < limit:
                break
    finally:
        gc.enable()
    return fastest
