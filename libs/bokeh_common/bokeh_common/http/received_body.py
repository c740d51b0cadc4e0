"""Bodies that are received on the event loop and processed on a thread, which never waits for a client."""

import os
import threading
from collections.abc import Iterator
from typing import IO

from falcon.asgi import Request

from bokeh_common.http.middleware.compression import decode_body
from bokeh_common.http.server.thread_pools import FILES
from bokeh_common.http.temporary_file import (
    close_temporary_file,
    create_temporary_file,
    translate_write_errors,
    write_temporary_file,
)

BLOCK_BYTES = 1 << 20
MAX_DECODED_BYTES = 64 << 20

#: Bytes of a body that are kept in memory; the rest is written to a temporary file.
MAX_BODY_IN_MEMORY = 8 << 20

#: Bytes of all bodies of a process that are kept in memory; above it, they are written in small parts.
MAX_BODIES_IN_MEMORY = 32 << 20

MIN_WRITE = 1 << 16  # bytes, since each part takes a call on a thread


class ReceivedBody:
    """A body that has been received: a small one in memory, a large one in a temporary file.

    So no thread waits for a client. Use it as a context manager, which deletes the file at the end. If the
    request is cancelled, a thread may still read the body then: it gets a `ValueError`, never a part of it.
    """

    _in_memory = 0  # bytes, of all bodies

    def __init__(self, encoding: str | None) -> None:
        """Create an empty body.

        Args:
            encoding: its Content-Encoding; None if it is not compressed.
        """
        self.size = 0
        self._encoding = encoding
        self._pieces: list[bytes] = []
        self._held = 0
        self._file: IO[bytes] | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> "ReceivedBody":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_closed = True
            self._release()
            if self._file is not None:
                close_temporary_file(self._file)

    async def add(self, data: bytes) -> None:
        """Append received bytes."""
        self.size += len(data)
        self._pieces.append(data)
        self._held += len(data)
        ReceivedBody._in_memory += len(data)
        most = MIN_WRITE if ReceivedBody._in_memory > MAX_BODIES_IN_MEMORY else MAX_BODY_IN_MEMORY
        if self._held >= most:
            await FILES.run(self._write, self._release())

    async def finish(self) -> None:
        """Write the rest of a large body to its file."""
        if self._file is not None:
            await FILES.run(self._write, self._release())

    def blocks(self, limit: int = MAX_DECODED_BYTES) -> Iterator[bytes]:
        """Yield the decoded body in blocks of at most 1 MiB, from a thread.

        Raises:
            falcon.HTTPUnsupportedMediaType: its content encoding is not supported.
            TooLarge: a compressed body decodes to more than `limit` bytes; the blocks up to there have been
                yielded.
            Invalid: a compressed body is damaged.
        """
        return (
            decode_body(self._raw_blocks(), self._encoding, limit) if self._encoding else self._raw_blocks()
        )

    def open_file(self, limit: int) -> IO[bytes]:
        """Return a new file of the decoded body, for a thread, which closes it; raises as `blocks`.

        Raises:
            Unavailable: the file cannot be written.
        """
        if self._encoding or self._file is None:
            return write_temporary_file(self.blocks(limit))
        with self._lock:
            self._file.seek(0)
            return os.fdopen(os.dup(self._file.fileno()), "rb")

    def _raw_blocks(self) -> Iterator[bytes]:
        with self._lock:
            pieces, file = self._pieces, self._file
            if self._is_closed:
                raise ValueError("the request of this body was cancelled")
        if file is None:
            yield from pieces
            return
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block

    def _write(self, pieces: list[bytes]) -> None:
        with translate_write_errors():
            self._file = self._file or create_temporary_file()
            self._file.writelines(pieces)
            self._file.flush()

    def _release(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        ReceivedBody._in_memory -= self._held
        self._held = 0
        return pieces


async def receive_body(req: Request) -> ReceivedBody:
    """Receive a body; if the client disconnects, it ends early.

    Raises:
        Unavailable: there is no space for the body.
    """
    body = ReceivedBody(req.get_header("Content-Encoding"))
    try:
        async for data in req.stream:
            await body.add(data)
        await body.finish()
    except BaseException:
        body.__exit__()
        raise
    return body
