"""Sandbox processes: child processes for untrusted input, with limited memory and CPU time and no secrets.

Whatever the input makes a decoder do, the process has access to nothing else.
"""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import pyarrow as pa

from bokeh_common.errors import Invalid, TooLarge

EXIT_SECONDS = 10.0
MAX_CPU_SECONDS = 1800

#: The whole environment of a sandbox process.
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


@contextmanager
def sandbox(module: str, *arguments: object, stdin: IO[bytes] | int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a module in a sandbox process, which is killed at the end of the context.

    Args:
        module: its `main` has to call `limit_resources` first.
        arguments: of the command line.
        stdin: its standard input, a file or `subprocess.PIPE`.
    """
    with subprocess.Popen(  # noqa: S603  # no part of the command comes from a request
        [sys.executable, "-I", "-m", "bokeh_data.sandbox.program", module, *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def limit_resources(memory: int) -> None:
    """Limit this process to `memory` bytes and half an hour of CPU time; it can write no files."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))  # its own memory; mapped files do not count


def exit_error(process: "subprocess.Popen[bytes]") -> Invalid | TooLarge:
    """Return the error that explains why a sandbox process has exited before it was done."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(EXIT_SECONDS)
    if process.returncode == -signal.SIGXCPU:
        return TooLarge("This takes too long to read; send it in parts.")
    detail = "This cannot be read: it is damaged, or takes far too much memory."
    return Invalid(detail, slug="unreadable-file")
