"""A process that looks at what strangers sent: whatever that makes of it, it has nothing else, and bounds."""

import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import pyarrow as pa

from bokeh_common.errors import Invalid, TooLarge, Unavailable

#: Such processes at the same time, for each of the service's, and how long others wait for their turn.
AT_ONCE = 2
WAIT_SECONDS = 60.0
END_SECONDS = 10.0
CPU_SECONDS = 1800

#: All that it is told of this one's environment.
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

_TURNS = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def confined(module: str, *arguments: object, stdin: IO[bytes] | int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a module, which has to call `confine` first; it is killed at the end, unless it has ended.

    Raises:
        Unavailable: others have to end first.
    """
    if not _TURNS.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("Other files are being read at this moment; send it again.")
    try:
        with subprocess.Popen(  # noqa: S603  # nothing of it comes from a request
            [sys.executable, "-I", "-m", module, *map(str, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
        ) as process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        _TURNS.release()


def confine(memory: int) -> None:
    """Bound what this process may take: `memory` in bytes, and half an hour of a processor."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))  # what is its own; mapped files are not


def why_broken(process: "subprocess.Popen[bytes]") -> Invalid | TooLarge:
    """Say why a process has ended in the middle."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    if process.returncode == -signal.SIGXCPU:
        return TooLarge("This takes too long to read; send it in parts.")
    detail = "This cannot be read: it is damaged, or takes far too much memory."
    return Invalid(detail, slug="unreadable-file")
