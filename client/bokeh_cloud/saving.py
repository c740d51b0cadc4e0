"""What the server sends, into a file that is there as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import requests

from .errors import CloudError, ServerUnreachable

BLOCK = 1 << 20  # bytes


def copy(response: requests.Response, file: BinaryIO) -> None:
    """Write the body of a streamed answer into a file.

    Raises:
        ServerUnreachable: the answer ended too early.
    """
    blocks = response.iter_content(BLOCK)
    with response:
        while block := _next(blocks):
            file.write(block)


@contextmanager
def saved(path: Path) -> Iterator[Path]:
    """Yield where to write what shall be the file `path`: beside it, so that what breaks leaves none.

    Raises:
        CloudError: it cannot be written; the message says why, such as that the disk is full.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with written(path):
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def written(what: object) -> Iterator[None]:
    """Say as a CloudError why `what` cannot be written, such as that the disk is full."""
    try:
        yield
    except BrokenPipeError:  # who reads has enough, as `head` does
        raise
    except OSError as error:
        if isinstance(error, CloudError):  # the server cannot be reached, which is an OSError too
            raise
        raise CloudError(
            f"{what} cannot be written ({error.strerror or error}). Make room, or choose another place; what "
            "was there before is unchanged."
        ) from error


def _next(blocks: Iterator[bytes]) -> bytes:
    try:
        return next(blocks, b"")
    except requests.RequestException as error:
        raise ServerUnreachable(f"The connection broke while data came in ({error}); try again.") from error
