"""The embedded cloud on a local disk, which a test can kill and for which the disk can be full."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.ledger import FaultyCaller
from tests.support.embedded_server import STOP_SECONDS, wait_for
from tests.support.ports import free_port
from tests.support.processes import kill_with_children, with_children

PROGRAM = str(Path(sys.executable).with_name("bokeh-cloud"))


class LocalCloud:
    """The embedded cloud without accounts, in a process of its own.

    Attributes:
        storage: the URL of its storage.
        url: where it runs, also after a restart.
    """

    def __init__(self, folder: Path) -> None:
        self.storage = f"local://{folder}"
        self._port = free_port()
        self.url = f"http://localhost:{self._port}"
        self.start()

    @property
    def caller(self) -> FaultyCaller:
        """A program that uses the only account."""
        return FaultyCaller(self.url, "local")

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        options = ["--port", str(self._port), "--no-samples", "--storage", self.storage]
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(f"{self.url}/health/ready", self.process)

    def kill(self) -> None:
        """Kill it with its child processes."""
        kill_with_children(self.process)

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(timeout=STOP_SECONDS)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let every write to a file fail, as on a full disk and on one that is mounted read-only."""
        self._limit_files(0)
        try:
            yield
        finally:
            self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        for pid in with_children(self.process):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
