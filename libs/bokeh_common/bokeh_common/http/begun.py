"""Streams begin before their answer does: what fails on the way to the first block is told as an error."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import falcon


class Begun:
    """Falcon middleware that has the first block of a stream made; event streams may wait for theirs."""

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """Fetch it, so that an exception reaches the error handlers instead of the server."""
        if ok and resp.stream is not None and not _waits(resp):
            resp.stream = _Stream(iter(cast("Iterable[bytes]", resp.stream)))


def _waits(resp: falcon.Response) -> bool:
    return hasattr(resp.stream, "read") or (resp.content_type or "").startswith("text/event-stream")


class _Stream:
    """The blocks of an iterator, of which one is there already."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._first: bytes | None = next(blocks, None)
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return next(self._blocks) if first is None else first

    def close(self) -> None:
        """Let go of what the iterator holds; a server calls it however the answer ends."""
        if hasattr(self._blocks, "close"):
            self._blocks.close()
