"""Reading a blob in ranges, without mixing contents that it had at different times."""

from collections.abc import Iterator
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

from bokeh_common.errors import Unavailable
from bokeh_common.storage.azure.container import AzureContainer
from bokeh_common.storage.blocks import BLOCK_BYTES
from bokeh_common.storage.failures import StorageUnavailable
from bokeh_common.storage.read_budget import READ_BUDGET

RANGE_BYTES = 4 << 20  # of one request, at most
MAX_CHANGES = 10  # of the etag between two requests


def read_range(container: AzureContainer, name: str, start: int, end: int | None) -> Iterator[bytes]:
    """Yield the bytes `start <= i < end` of a blob, preceded by an empty block.

    Raises:
        ResourceNotFoundError: the blob does not exist; raised before the empty block.
        Unavailable: the blob was deleted or replaced by other content.
    """
    if end is not None and end <= start:
        container.run(lambda _: container.blob(name).get_blob_properties(), 404)
        yield b""
        return
    reader = _RangeReader(container, name)
    held = READ_BUDGET.take(RANGE_BYTES)
    try:
        data = reader.read(start, end, held)
        yield b""
        while data:
            yield from (data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES))
            start += len(data)
            del data
            READ_BUDGET.give_back(held)
            held = READ_BUDGET.take(RANGE_BYTES)
            data = reader.read(start, end, held) if start < reader.size else b""
    finally:
        READ_BUDGET.give_back(held)


class _RangeReader:
    """Reads ranges of the content that a blob has when the first range is read.

    Attributes:
        size: of the blob in bytes; 0 before the first range is read, or if that is beyond its end.
    """

    def __init__(self, container: AzureContainer, name: str) -> None:
        self._container = container
        self._name = name
        self._etag = ""
        self._sha256: str | None = None
        self.size = 0

    def read(self, start: int, end: int | None, size: int) -> bytes:
        """Return the next bytes, at most `size`; empty if they are beyond the end of the blob."""
        length = size if end is None else min(size, end - start)
        if length <= 0:
            return b""
        if not self._etag:
            return self._first(start, length)
        for _ in range(MAX_CHANGES):
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
        self.size = int(properties.content_range.rpartition("/")[2])  # `size` of the SDK is that of the range
        return data

    def _range(self, start: int, length: int) -> tuple[bytes, Any]:
        same = {"etag": self._etag, "match_condition": MatchConditions.IfNotModified} if self._etag else {}

        def attempt(_: int) -> tuple[bytes, Any]:
            blob: Any = self._container.blob(self._name)
            download = blob.download_blob(start, length, max_concurrency=1, **same)
            return download.readall(), download.properties

        return self._container.run(attempt, 404, 412, 416)

    def _follow(self) -> None:
        """Continue with the new etag, if the blob was touched or stored again with the same content."""
        try:
            current = self._container.run(
                lambda _: self._container.blob(self._name).get_blob_properties(), 404
            )
        except ResourceNotFoundError:
            raise self._gone() from None
        if self._sha256 is None or current.metadata.get("sha256") != self._sha256:
            raise self._gone()
        self._etag = current.etag

    def _gone(self) -> Unavailable:
        return StorageUnavailable(
            f"The blob {self._name} was deleted or replaced while it was being read. Read it again."
        )
