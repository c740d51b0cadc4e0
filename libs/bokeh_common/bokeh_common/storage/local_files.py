"""Writing files so that a crash leaves all of one or nothing."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bokeh_common.errors import Unavailable

#: A file younger than this may belong to a writer that has not locked it yet.
SWEEP_SECONDS = 60.0
MAX_REMEMBERED = 10_000
BATCH = 50  # files that are removed while writers wait, in about a millisecond


class Files:
    """Files that appear whole: written in a folder of their own, synced, renamed, their new folder synced."""

    def __init__(self, incoming: Path) -> None:
        self._incoming = incoming
        self._lock = incoming.with_name("lock")
        self._synced: set[Path] = set()
        self.make(incoming)
        with translated(incoming):
            self._sweep()

    def write(self, path: Path, data: Iterable[bytes]) -> os.stat_result:
        """Write a file, replacing what is there; an exception of `data` comes through and leaves nothing."""
        with self._temporary() as (number, temporary):
            for block in data:
                with translated(path, missing=True):
                    _write(number, block)
            self.make(path.parent)
            with translated(path, missing=True):
                os.utime(number, ns=_now())
                os.fsync(number)
                with self._locked(fcntl.LOCK_SH):
                    temporary.rename(path)
                sync_folder(path.parent)
                return os.fstat(number)

    def touch(self, path: Path) -> None:
        """Set the time of a file to now; `FileNotFoundError`."""
        with translated(path), self._locked(fcntl.LOCK_SH):
            os.utime(path, ns=_now())

    def remove(self, path: Path, if_match: str | None = None) -> bool:
        """Remove a file, if it still has the etag; return whether there was such a file."""
        with translated(path), suppress(FileNotFoundError):
            with self._locked(fcntl.LOCK_EX if if_match else fcntl.LOCK_SH):
                if if_match not in (None, etag_of(path.stat())):
                    return False
                path.unlink()
            sync_folder(path.parent)
            return True
        return False

    def remove_all(self, files: Sequence[tuple[Path, str]]) -> list[bool]:
        """Remove the files that still have these etags; return which ones were removed."""
        removed: list[bool] = []
        with translated(self._lock):
            for start in range(0, len(files), BATCH):
                some = files[start : start + BATCH]
                with self._locked(fcntl.LOCK_EX):
                    removed += [_removed(*file) for file in some]
                for folder in {path.parent for path, _ in some}:
                    sync_folder(folder)
        return removed

    def make(self, folder: Path) -> None:
        """Make a folder and what is above it, and sync it, also where another process has just made it."""
        if folder in self._synced:
            return
        if folder != folder.parent:
            self.make(folder.parent)
            with translated(folder, missing=True):
                folder.mkdir(exist_ok=True)
                sync_folder(folder.parent)
        if len(self._synced) >= MAX_REMEMBERED:
            self._synced.clear()
        self._synced.add(folder)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Keep all processes from changing files between the look at one and its removal."""
        number = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(number, kind)
            yield
        finally:
            os.close(number)

    @contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path]]:
        with translated(self._incoming, missing=True):
            number, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with translated(self._incoming):
                fcntl.flock(
                    number, fcntl.LOCK_EX
                )  # tells `_sweep`, also of other processes, that somebody lives
            yield number, Path(name)
        finally:
            os.close(number)
            with suppress(OSError):  # it is renamed, or the disk is in no state to remove it
                Path(name).unlink()

    def _sweep(self) -> None:
        """Remove what killed processes left."""
        for path in self._incoming.iterdir():
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - path.stat().st_mtime > SWEEP_SECONDS:
                    path.unlink()


def etag_of(result: os.stat_result) -> str:
    """Return what no other content and no other touch of a file has: its place and nanosecond."""
    return f"{result.st_ino:x}-{result.st_mtime_ns:x}"


def _removed(path: Path, etag: str) -> bool:
    with suppress(FileNotFoundError):
        if etag_of(path.stat()) == etag:
            path.unlink()
            return True
    return False


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; `OSError`."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def translated(path: Path | str, missing: bool = False) -> Iterator[None]:
    """Turn an `OSError` into `Unavailable`; `FileNotFoundError` only where nothing may be missing."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not missing:
            raise
        raise unusable(path, error) from error


def unusable(path: Path | str, error: OSError) -> Unavailable:
    """Return what an `OSError` means to those above."""
    return Unavailable(
        f"{path} cannot be used now: {error.strerror}. See to the disk's space, rights and health."
    )


def _now() -> tuple[int, int]:
    """Return the time to the nanosecond: the kernel's own stamps are those of its last timer tick."""
    now = time.time_ns()
    return now, now


def _write(number: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(number, view) :]
