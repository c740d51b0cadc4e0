"""Reading a blob in ranges, without mixing what it held at different moments."""

from collections.abc import Iterator
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

from bokeh_common.errors import Unavailable
from bokeh_common.storage.azure_container import Container
from bokeh_common.storage.blocks import BLOCK

PART = 4 << 20  # bytes per request
FOLLOWED = 10  # changes between two requests that a reader puts up with


def read(container: Container, name: str, start: int, end: int | None) -> Iterator[bytes]:
    """Yield an empty block when the blob is open, then its bytes; `ResourceNotFoundError` before that."""
    if end is not None and end <= start:
        container.run(lambda _: container.blob(name).get_blob_properties(), 404)
        yield b""
        return
    reader = _Reader(container, name)
    data = reader.part(start, end)
    yield b""
    while data:
        yield from (data[at : at + BLOCK] for at in range(0, len(data), BLOCK))
        start += len(data)
        data = reader.part(start, end) if start < reader.size else b""


class _Reader:
    """A reader of a blob, which knows from its first range what the blob held.

    Attributes:
        size: bytes of the blob; 0 before the first range, or when that lies beyond the blob.
    """

    def __init__(self, container: Container, name: str) -> None:
        self._container = container
        self._name = name
        self._etag = ""
        self._sha256: str | None = None
        self.size = 0

    def part(self, start: int, end: int | None) -> bytes:
        """Return the bytes of the next range; none when it lies beyond the blob."""
        length = PART if end is None else min(PART, end - start)
        if length <= 0:
            return b""
        if not self._etag:
            return self._first(start, length)
        for _ in range(FOLLOWED):
            try:
                return self._range(start, length)[0]
            except (ResourceModifiedError, ResourceNotFoundError):
                self._follow()
        raise self._gone()

    def _first(self, start: int, length: int) -> bytes:
        try:
            data, properties = self._range(start, length)
        except HttpResponseError as error:
            if error.status_code != 416:
                raise
            return b""
        self._etag, self._sha256 = properties.etag, properties.metadata.get("sha256")
        self.size = int(properties.content_range.rpartition("/")[2])  # the SDK's `size` is that of the range
        return data

    def _range(self, start: int, length: int) -> tuple[bytes, Any]:
        same = {"etag": self._etag, "match_condition": MatchConditions.IfNotModified} if self._etag else {}

        def attempt(_: int) -> tuple[bytes, Any]:
            blob: Any = self._container.blob(self._name)
            download = blob.download_blob(start, length, max_concurrency=1, **same)
            return download.readall(), download.properties

        return self._container.run(attempt, 404, 412, 416)

    def _follow(self) -> None:
        """Go on with the blob as it is now, if it holds the same: it was touched, or stored again."""
        try:
            now = self._container.run(lambda _: self._container.blob(self._name).get_blob_properties(), 404)
        except ResourceNotFoundError:
            raise self._gone() from None
        if self._sha256 is None or now.metadata.get("sha256") != self._sha256:
            raise self._gone()
        self._etag = now.etag

    def _gone(self) -> Unavailable:
        return Unavailable(f"The blob {self._name} was deleted or replaced while it was read. Read it again.")
