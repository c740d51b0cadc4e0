"""Runs a command whenever a file is saved. Files are polled, which works on every system and file system."""

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bokeh_cloud.errors import CloudError

POLL_INTERVAL = 0.25  # seconds between two looks at the files
SETTLE_SECONDS = 0.3  # without a change, since editors write a file in several steps

#: The time of modification in nanoseconds, and the size in bytes, of each file that exists.
FileStates = Mapping[Path, tuple[int, int]]


class FileWatcher:
    """Waits for changes of files.

    Args:
        find: returns the files to watch, among which there may be some that do not exist.
    """

    def __init__(self, find: Callable[[], Iterable[Path]]) -> None:
        self._find = find
        self._known = self._states()

    def wait(self) -> None:
        """Return when files have changed since the last call, and do not change any more."""
        while (now := self._states()) == self._known:
            time.sleep(POLL_INTERVAL)
        settled = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < settled:
            time.sleep(SETTLE_SECONDS / 5)
            if (later := self._states()) != now:
                now, settled = later, time.monotonic() + SETTLE_SECONDS
        self._known = now

    def _states(self) -> FileStates:
        found = {}
        for path in self._find():
            with suppress(OSError):  # it is being replaced
                status = path.stat()
                found[path] = (status.st_mtime_ns, status.st_size)
        return found


def run_on_save(
    file: Path,
    command: Sequence[str],
    report: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run a command now, and whenever a file or a .py file beside it is saved, until Ctrl+C.

    Each run is a new process, so modules that a script imports are loaded again, and errors end the run only.

    Args:
        file: that is watched.
        command: its exit code is ignored.
        report: prints a line.
        environ: the environment of the command, if it is not that of this process.

    Raises:
        CloudError: there is no such file.
    """
    if not file.is_file():
        raise CloudError(f"There is no file {file}.")
    watcher = FileWatcher(lambda: [file, *file.resolve().parent.glob("*.py")])
    with suppress(KeyboardInterrupt):
        while True:
            if file.is_file():  # otherwise it is being replaced
                subprocess.run(command, check=False, env=environ)  # noqa: S603 - given by our own code
                report(f"Watching {file}; press Ctrl+C to stop.")
            watcher.wait()
