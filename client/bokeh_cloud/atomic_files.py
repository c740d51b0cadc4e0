"""Files that are written completely or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import requests

from bokeh_cloud.errors import CloudError, ServerUnreachable

BLOCK_BYTES = 1 << 20


def write_response(response: requests.Response, file: BinaryIO) -> None:
    """Write the body of a streamed response into a file.

    Raises:
        ServerUnreachable: the response is incomplete.
    """
    blocks = response.iter_content(BLOCK_BYTES)
    with response:
        while block := _next_block(blocks):
            file.write(block)


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file in the same folder, which replaces `path` at the end.

    If the body raises, `path` is unchanged, and the temporary file is removed.

    Raises:
        CloudError: the file cannot be written, for example since the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with explain_write_errors(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def explain_write_errors(target: object) -> Iterator[None]:
    """Turn each OSError into a CloudError that says why `target` cannot be written."""
    try:
        yield
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        raise
    except OSError as error:
        if isinstance(error, CloudError):  # ServerUnreachable is an OSError, too
            raise
        raise CloudError(
            f"{target} cannot be written ({error.strerror or error}). Free some space, or choose another "
            "place; an existing file is unchanged."
        ) from error


def _next_block(blocks: Iterator[bytes]) -> bytes:
    try:
        return next(blocks, b"")
    except requests.RequestException as error:
        raise ServerUnreachable(f"The connection was lost during a download ({error}); try again.") from error
