"""Temporary files without a name, of which nothing remains whatever happens."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bokeh_common.errors import Unavailable

#: The folder for large temporary files (FHS 5.15); `/tmp` is in memory on many machines.
LARGE_FILES = Path("/var/tmp")  # noqa: S108  # the files have no names


def create_temporary_file() -> IO[bytes]:
    """Return a new file, in `TMPDIR` if that is set; raises `Unavailable`."""
    is_usable = not os.environ.get("TMPDIR") and os.access(LARGE_FILES, os.W_OK)
    with translate_write_errors():
        return tempfile.TemporaryFile(dir=LARGE_FILES if is_usable else None)


def write_temporary_file(blocks: Iterable[bytes]) -> IO[bytes]:
    """Return a new file of these blocks, at its beginning.

    Raises:
        Unavailable: the file cannot be written. Exceptions of `blocks` are raised unchanged.
    """
    file = create_temporary_file()
    try:
        for block in blocks:
            with translate_write_errors():
                file.write(block)
        with translate_write_errors():
            file.seek(0)  # which writes what is buffered
    except BaseException:
        close_temporary_file(file)
        raise
    return file


def close_temporary_file(file: IO[bytes]) -> None:
    """Close a file that need not be complete."""
    with suppress(OSError):  # of writing what is buffered
        file.close()


@contextmanager
def translate_write_errors() -> Iterator[None]:
    """Raise `Unavailable` if a file cannot be written."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        cause = "has no space for the body" if is_full else f"cannot store the body: {error.strerror}"
        raise Unavailable(f"The server {cause}; send it again later, or a smaller one.") from error
