"""Figures that benchmarks print."""

import time
from collections.abc import Callable, Sequence
from statistics import median


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the median of values and, in parentheses, their range."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def spread_ms(seconds: Sequence[float], digits: int = 1) -> str:
    """Return the median and the range of durations, in milliseconds."""
    return f"{spread([1000 * value for value in seconds], digits)} ms"


def seconds_of(function: Callable[[], object]) -> float:
    """Call a function, and return how many seconds it takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
