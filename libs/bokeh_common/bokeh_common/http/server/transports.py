"""Transports that close in two steps, and flow control of pipelined requests."""

import asyncio
from collections.abc import Callable, Sized
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl

#: How long a client may send after the connection is half-closed.
CLOSE_SECONDS = 2.0


class PipelineFlowControl(FlowControl):
    """Reads nothing while requests are queued, since each takes many times the memory of its bytes."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read, if no request is queued."""
        if not len(self._pipeline):
            super().resume_reading()


class LingeringTransport(asyncio.Transport):
    """A transport that counts what is written, and half-closes before it closes if a body is unread."""

    def __init__(self, transport: asyncio.Transport, is_body_unread: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_body_unread = is_body_unread
        self._closing = False
        self.written = 0
        # These are the methods of the wrapped transport, which mypy does not allow to be assigned.
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]  # see above
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]  # see above
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]  # see above
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]  # see above
        self.abort = transport.abort  # type: ignore[method-assign]  # see above

    def write(self, data: Any) -> None:
        """Write bytes, unless the transport is closed or will be soon."""
        if self.is_closing():
            return
        self.written += len(data)
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Return whether the transport is closed or will be soon."""
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        """Close the transport, when what was written has been sent."""
        if self._closing:
            return
        self._closing = True
        if not self._is_body_unread() or self._transport.is_closing():
            self._transport.close()
            return
        self._transport.resume_reading()
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.close)
