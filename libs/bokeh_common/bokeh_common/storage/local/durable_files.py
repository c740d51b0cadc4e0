"""Writing and removing files so that a crash leaves them complete or not at all."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bokeh_common.errors import Unavailable
from bokeh_common.storage.failures import StorageUnavailable
from bokeh_common.storage.local.private_files import FILE_MODE, FOLDER_MODE

#: Files younger than this are not swept, as their writers may not have locked them yet.
SWEEP_SECONDS = 60.0
MAX_SYNCED = 10_000  # folders that are remembered
BATCH = 50  # files removed under one lock, which takes about a millisecond


class DurableFiles:
    """Writes files to a temporary folder, syncs and renames them, and syncs the folder of their name."""

    def __init__(self, incoming: Path) -> None:
        self._incoming = incoming
        self._lock = incoming.with_name("lock")
        self._synced: set[Path] = set()
        self.make(incoming)
        with translate_os_errors(incoming):
            self._sweep()

    def write(self, path: Path, data: Iterable[bytes]) -> os.stat_result:
        """Write or replace a file. If `data` raises an exception, the file is not changed."""
        with self._temporary() as (number, temporary):
            for block in data:
                with translate_os_errors(path, missing=True):
                    _write(number, block)
            self.make(path.parent)
            with translate_os_errors(path, missing=True):
                os.utime(number, ns=_now())
                os.fsync(number)
                with self._locked(fcntl.LOCK_SH):
                    temporary.rename(path)
                fsync_folder(path.parent)
                return os.fstat(number)

    def touch(self, path: Path) -> None:
        """Set the time of a file to now; raises `FileNotFoundError`."""
        with translate_os_errors(path), self._locked(fcntl.LOCK_SH):
            os.utime(path, ns=_now())

    def remove(self, path: Path, if_match: str | None = None) -> bool:
        """Remove a file if it still has the etag; return whether it was removed."""
        with translate_os_errors(path), suppress(FileNotFoundError):
            with self._locked(fcntl.LOCK_EX if if_match else fcntl.LOCK_SH):
                if if_match not in (None, etag_of(path.stat())):
                    return False
                path.unlink()
            fsync_folder(path.parent)
            return True
        return False

    def remove_all(self, files: Sequence[tuple[Path, str]]) -> list[bool]:
        """Remove the files that still have these etags; return for each whether it was removed."""
        removed: list[bool] = []
        with translate_os_errors(self._lock):
            for start in range(0, len(files), BATCH):
                some = files[start : start + BATCH]
                with self._locked(fcntl.LOCK_EX):
                    removed += [_removed(*file) for file in some]
                for folder in {path.parent for path, _ in some}:
                    fsync_folder(folder)
        return removed

    def make(self, folder: Path) -> None:
        """Create a folder with its parents, and sync them even if another process has just created them."""
        if folder in self._synced:
            return
        if folder != folder.parent:
            self.make(folder.parent)
            with translate_os_errors(folder, missing=True):
                folder.mkdir(FOLDER_MODE, exist_ok=True)
                fsync_folder(folder.parent)
        if len(self._synced) >= MAX_SYNCED:
            self._synced.clear()
        self._synced.add(folder)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Hold a lock between all processes, so that no file changes between its check and its removal."""
        number = os.open(self._lock, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(number, kind)
            yield
        finally:
            os.close(number)

    @contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path]]:
        with translate_os_errors(self._incoming, missing=True):
            number, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with translate_os_errors(self._incoming):
                fcntl.flock(number, fcntl.LOCK_EX)  # keeps `_sweep` of all processes from removing it
            yield number, Path(name)
        finally:
            os.close(number)
            with suppress(OSError):  # it was renamed, or the disk does not allow removing it
                Path(name).unlink()

    def _sweep(self) -> None:
        """Remove the files that killed processes left behind."""
        for path in self._incoming.iterdir():
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - path.stat().st_mtime > SWEEP_SECONDS:
                    path.unlink()


def etag_of(result: os.stat_result) -> str:
    """Return an etag, from the inode and the time in nanoseconds: different after each write and touch."""
    return f"{result.st_ino:x}-{result.st_mtime_ns:x}"


def _removed(path: Path, etag: str) -> bool:
    with suppress(FileNotFoundError):
        if etag_of(path.stat()) == etag:
            path.unlink()
            return True
    return False


def fsync_folder(folder: Path) -> None:
    """Make the directory entries of a folder durable; raises `OSError`."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def translate_os_errors(path: Path | str, missing: bool = False) -> Iterator[None]:
    """Translate `OSError` to `Unavailable`; `FileNotFoundError` is raised unchanged, unless `missing`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not missing:
            raise
        raise storage_failed(path, error) from error


def storage_failed(path: Path | str, error: OSError) -> Unavailable:
    """Return the `Unavailable` of an `OSError`."""
    return StorageUnavailable(
        f"{path} cannot be used now: {error.strerror}. Check the disk's space, permissions and health."
    )


def _now() -> tuple[int, int]:
    """Return the current time in nanoseconds; times set by the kernel are those of its last timer tick."""
    now = time.time_ns()
    return now, now


def _write(number: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(number, view) :]
