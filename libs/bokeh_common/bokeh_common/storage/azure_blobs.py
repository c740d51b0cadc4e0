# ruff: noqa: D102 - what the methods do is said once, on the interface in base.py
"""Blobs as block blobs, in blocks of 4 MiB; a blob appears when its list of blocks is committed.

Azure itself forgets blocks that are not committed within a week. The SHA-256 in the metadata tells a reader
whose blob was touched or stored again that the bytes are still the same, as the etag alone does not.
"""

import base64
import hashlib
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import replace
from itertools import chain
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobProperties

from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.storage.azure_container import Container, blob_name, is_ours, key_metadata, quoted
from bokeh_common.storage.azure_reader import read
from bokeh_common.storage.base import BlobStat, BlobStore, Traits
from bokeh_common.storage.blocks import opened, reblock
from bokeh_common.storage.keys import check_key, check_page, check_range
from bokeh_common.storage.retry import settle

PART = 4 << 20  # bytes per request
UNDER_WAY = 3  # uploads of blocks at the same time


class AzureBlobStore(BlobStore):
    """Blobs of one namespace."""

    traits = Traits(touch_seconds=1.0)

    def __init__(self, container: Container, namespace: str) -> None:
        self._container = container
        self._room = f"{namespace}/blobs"

    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        check_key(key)
        parts = reblock(data, PART)
        first, second = next(parts, b""), next(parts, None)
        if second is None:
            return self._put_small(key, first)
        return self._put_large(key, chain([first, second], parts))

    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_range(start, end)
        check_key(key)
        try:
            return opened(read(self._container, blob_name(self._room, key), start, end))
        except ResourceNotFoundError:
            raise _missing(key) from None

    def stat(self, key: str) -> BlobStat:
        return _stat(key, self._properties(check_key(key)))

    def touch(self, key: str) -> None:
        """Set the metadata as it is, which moves Last-Modified; who is faster has touched it just as well."""
        properties = self._properties(check_key(key))
        condition = {"etag": properties.etag, "match_condition": MatchConditions.IfNotModified}
        blob, metadata = self._blob(key), properties.metadata
        try:
            self._container.run(lambda _: blob.set_blob_metadata(metadata, **condition), 404, 412)
        except ResourceModifiedError:
            self._properties(key)  # raises where the blob was not touched but deleted: that is a 412, too
        except ResourceNotFoundError:
            raise _missing(key) from None

    def delete(self, key: str, if_match: str | None = None) -> None:
        blob = self._blob(check_key(key))
        condition = {"etag": if_match, "match_condition": MatchConditions.IfNotModified} if if_match else {}

        def attempt(broken: int) -> None:
            try:
                blob.delete_blob(delete_snapshots="include", **condition)
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                if is_ours(error):
                    raise
                settle(if_match is None, broken, f"The blob {key!r} has changed.")

        self._container.run(attempt)

    def _put_small(self, key: str, data: bytes) -> BlobStat:
        blob, metadata = self._blob(key), _metadata(key, hashlib.sha256(data).hexdigest())
        options = {"length": len(data), "overwrite": True, "metadata": metadata}
        upload = self._container.run(lambda _: blob.upload_blob(data, **options))
        return BlobStat(key, len(data), upload["last_modified"].timestamp(), quoted(upload["etag"]))

    def _put_large(self, key: str, parts: Iterator[bytes]) -> BlobStat:
        mark, digest, size = secrets.token_hex(8), hashlib.sha256(), 0
        names: list[str] = []
        under_way: deque[Future[None]] = deque()
        try:
            for part in parts:
                names.append(base64.b64encode(f"{mark}{len(names):08}".encode()).decode())
                under_way.append(self._container.pool.submit(self._stage, key, names[-1], part))
                digest.update(part)
                size += len(part)
                if len(under_way) >= UNDER_WAY:
                    under_way.popleft().result()
            while under_way:
                under_way.popleft().result()
        finally:
            wait(under_way)
        return self._commit(key, names, size, digest.hexdigest())

    def _stage(self, key: str, name: str, part: bytes) -> None:
        blob = self._blob(key)
        self._container.run(lambda _: blob.stage_block(name, part, length=len(part)))

    def _commit(self, key: str, names: list[str], size: int, sha256: str) -> BlobStat:
        blob, metadata = self._blob(key), _metadata(key, sha256)
        blocks = [BlobBlock(name) for name in names]
        try:
            done = self._container.run(lambda _: blob.commit_block_list(blocks, metadata=metadata), 400)
        except HttpResponseError as error:
            if getattr(error, "error_code", "") != "InvalidBlockList":
                raise Unavailable(f"The blob {key!r} cannot be stored now: {error.message}") from error
            return self._overtaken(key, size)
        return BlobStat(key, size, done["last_modified"].timestamp(), quoted(done["etag"]))

    def _overtaken(self, key: str, size: int) -> BlobStat:
        """Answer for an upload whose blocks were dropped as another one of the same key was committed first.

        All is as if ours had been committed just before the other, which replaced it.
        """
        try:
            return replace(self.stat(key), size=size)
        except NotFound:
            raise Unavailable(f"The blob {key!r} was deleted while it was stored. Store it again.") from None

    def _properties(self, key: str) -> BlobProperties:
        try:
            properties: BlobProperties = self._container.run(
                lambda _: self._blob(key).get_blob_properties(), 404
            )
        except ResourceNotFoundError:
            raise _missing(key) from None
        return properties

    def _blob(self, key: str) -> Any:
        return self._container.blob(blob_name(self._room, key))

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        check_page(prefix, after, limit)
        return [key for key, _ in self._container.list(self._room, prefix, after, limit)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        check_page(prefix, after, limit)
        return [_stat(*pair) for pair in self._container.list(self._room, prefix, after, limit)]


def _metadata(key: str, sha256: str) -> dict[str, str]:
    return {"sha256": sha256, **key_metadata(key)}


def _stat(key: str, properties: BlobProperties) -> BlobStat:
    return BlobStat(key, properties.size, properties.last_modified.timestamp(), quoted(properties.etag))


def _missing(key: str) -> NotFound:
    return NotFound(f"There is no blob {key!r}.")
