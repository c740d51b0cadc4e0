"""Folders and files that only the user who runs the server can read.

New ones have these modes whatever the umask is. What earlier versions stored is restricted when a storage is
opened: the mode of a namespace's folder is changed last, so it shows whether that has been completed.
"""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

log = logging.getLogger(__name__)

_creating = threading.Lock()


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, all of them private; raises `OSError`."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(FOLDER_MODE, exist_ok=True)


def create_file(path: Path) -> None:
    """Create an empty file unless it exists; raises `OSError`.

    An existing file is not opened: closing it would release the locks that SQLite holds on it for the other
    connections of this process. The lock keeps them from being opened before a new file is closed.
    """
    with _creating, suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def restrict_namespace(folder: Path) -> None:
    """Make an existing folder of a namespace private with all that it contains, and the storage's folder.

    The storage's folder is left alone if it contains anything but namespaces and private folders, since
    others may use it then. Whatever cannot be changed, such as a file of another user, is logged.
    """
    with _logged(folder):
        if folder.is_dir() and not _is_private(folder):
            for path, mode in _contents(str(folder)):
                _restrict(path, mode)
            folder.chmod(FOLDER_MODE)
    storage = folder.parent
    with _logged(storage):
        if storage.is_dir() and not _is_private(storage) and _has_only_namespaces(storage):
            storage.chmod(FOLDER_MODE)


@contextmanager
def _logged(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("Other users may be able to read %s: %s. Check its owner.", folder, error)


def _contents(folder: str) -> Iterator[tuple[str, int]]:
    """Yield the paths of all folders and files below a folder with the modes that they should have."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _contents(entry.path)
                yield entry.path, FOLDER_MODE
            elif entry.is_file(follow_symlinks=False):
                yield entry.path, FILE_MODE


def _restrict(path: str, mode: int) -> None:
    with suppress(FileNotFoundError):  # removed in the meantime
        os.chmod(path, mode)  # noqa: PTH101  # a Path for each of a million files would take seconds


def _has_only_namespaces(storage: Path) -> bool:
    return all(is_namespace(entry) or (entry.is_dir() and _is_private(entry)) for entry in storage.iterdir())


def is_namespace(folder: Path) -> bool:
    """Return whether a folder is that of a namespace."""
    return (folder / "records.sqlite").is_file() or (folder / "blobs").is_dir()


def _is_private(folder: Path) -> bool:
    return stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
