"""Takes a body into a file that has no name, so that nothing of it is left whatever happens."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bokeh_common.errors import Unavailable

#: Where files of any size may wait (FHS 5.15); `/tmp` is memory on many machines.
LARGE = Path("/var/tmp")  # noqa: S108  # the files have no names


@contextmanager
def spooled(blocks: Iterable[bytes]) -> Iterator[IO[bytes]]:
    """Yield a file of these blocks; an exception of `blocks` comes through."""
    with _temporary() as file:
        for block in blocks:
            with _translated():
                file.write(block)
        with _translated():
            file.flush()
        file.seek(0)
        yield file


def _temporary() -> IO[bytes]:
    large = not os.environ.get("TMPDIR") and os.access(LARGE, os.W_OK)
    with _translated():
        return tempfile.TemporaryFile(dir=LARGE if large else None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        what = "has no room for the file now" if full else f"cannot keep the file now: {error.strerror}"
        raise Unavailable(f"The server {what}; send it again later, or a smaller one.") from error
