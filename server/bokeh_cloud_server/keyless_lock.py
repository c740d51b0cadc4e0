"""A lock by which a server without accounts tells `admin adopt` that it uses a local storage.

What such a server stored during an adoption would be left behind. The kernel releases the lock when the
last process of the server has ended. Other storages have no such lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from bokeh_common.errors import Conflict
from bokeh_common.storage.local import folder_of

FILE = "served-without-accounts.lock"


def hold(storage: str) -> None:
    """Share the lock until this process and its children have ended."""
    if (number := _open(storage)) is not None:
        fcntl.flock(number, fcntl.LOCK_SH)


@contextmanager
def require_unused(storage: str) -> Iterator[None]:
    """Let no server without accounts use a storage during the block; `Conflict` if one does."""
    if (number := _open(storage)) is None:
        yield
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Conflict(
            "A server without accounts uses this storage, and what it stores meanwhile would be left behind. "
            "Stop it first (Ctrl+C); a server with accounts may run."
        ) from None
    finally:
        os.close(number)


def _open(storage: str) -> int | None:
    if not storage.startswith("local://"):
        return None
    return os.open(folder_of(storage) / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
