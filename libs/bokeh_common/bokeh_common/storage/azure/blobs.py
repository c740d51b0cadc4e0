# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Blobs as block blobs, in blocks of 4 MiB; a blob becomes visible when its list of blocks is committed.

Azure deletes blocks that are not committed within a week. The SHA-256 in the metadata shows readers that a
blob was touched or stored again with the same bytes, which the etag does not.
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

from bokeh_common.errors import NotFound
from bokeh_common.storage.azure.container import (
    AzureContainer,
    blob_name,
    is_container_error,
    key_metadata,
    quoted,
)
from bokeh_common.storage.azure.range_reader import read_range
from bokeh_common.storage.blocks import reblock, start_generator
from bokeh_common.storage.failures import StorageUnavailable, blob_conflict, blob_not_found
from bokeh_common.storage.interfaces import BackendTraits, BlobStat, BlobStore
from bokeh_common.storage.retry import require_swapped
from bokeh_common.storage.validation import check_key, check_page, check_range

BLOCK_SIZE = 4 << 20  # bytes
MAX_PARALLEL = 3  # uploads of blocks at the same time


class AzureBlobStore(BlobStore):
    """Blobs of one namespace."""

    traits = BackendTraits(touch_seconds=1.0)

    def __init__(self, container: AzureContainer, namespace: str) -> None:
        self._container = container
        self._folder = f"{namespace}/blobs"

    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        check_key(key)
        parts = reblock(data, BLOCK_SIZE)
        first, second = next(parts, b""), next(parts, None)
        if second is None:
            return self._put_small(key, first)
        return self._put_large(key, chain([first, second], parts))

    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_range(start, end)
        check_key(key)
        try:
            return start_generator(read_range(self._container, blob_name(self._folder, key), start, end))
        except ResourceNotFoundError:
            raise blob_not_found(key) from None

    def stat(self, key: str) -> BlobStat:
        return _stat(key, self._properties(check_key(key)))

    def touch(self, key: str) -> None:
        """Set the metadata to itself, which updates Last-Modified; a concurrent write has the same effect."""
        properties = self._properties(check_key(key))
        condition = {"etag": properties.etag, "match_condition": MatchConditions.IfNotModified}
        blob, metadata = self._blob(key), properties.metadata
        try:
            self._container.run(lambda _: blob.set_blob_metadata(metadata, **condition), 404, 412)
        except ResourceModifiedError:
            self._properties(key)  # raises if the blob was deleted, which is a 412 too
        except ResourceNotFoundError:
            raise blob_not_found(key) from None

    def delete(self, key: str, if_match: str | None = None) -> None:
        blob = self._blob(check_key(key))
        condition = {"etag": if_match, "match_condition": MatchConditions.IfNotModified} if if_match else {}

        def attempt(failed: int) -> None:
            try:
                blob.delete_blob(delete_snapshots="include", **condition)
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                if is_container_error(error):
                    raise
                require_swapped(if_match is None, failed, blob_conflict(key))

        self._container.run(attempt)

    def _put_small(self, key: str, data: bytes) -> BlobStat:
        blob, metadata = self._blob(key), _metadata(key, hashlib.sha256(data).hexdigest())
        options = {"length": len(data), "overwrite": True, "metadata": metadata}
        stored = self._container.run(lambda _: blob.upload_blob(data, **options))
        return BlobStat(key, len(data), stored["last_modified"].timestamp(), quoted(stored["etag"]))

    def _put_large(self, key: str, parts: Iterator[bytes]) -> BlobStat:
        upload, digest, size = secrets.token_hex(8), hashlib.sha256(), 0
        names: list[str] = []
        uploads: deque[Future[None]] = deque()
        try:
            for part in parts:
                names.append(base64.b64encode(f"{upload}{len(names):08}".encode()).decode())
                uploads.append(self._container.pool.submit(self._stage, key, names[-1], part))
                digest.update(part)
                size += len(part)
                if len(uploads) >= MAX_PARALLEL:
                    uploads.popleft().result()
            while uploads:
                uploads.popleft().result()
        finally:
            wait(uploads)
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
                raise StorageUnavailable(f"The blob {key!r} cannot be stored now: {error.message}") from error
            return self._superseded(key, size)
        return BlobStat(key, size, done["last_modified"].timestamp(), quoted(done["etag"]))

    def _superseded(self, key: str, size: int) -> BlobStat:
        """Return the result of an upload whose blocks were discarded, as another upload was committed first.

        The effect is that of this upload being committed just before the other, which replaced it.
        """
        try:
            return replace(self.stat(key), size=size)
        except NotFound:
            raise StorageUnavailable(
                f"The blob {key!r} was deleted while it was stored. Store it again."
            ) from None

    def _properties(self, key: str) -> BlobProperties:
        try:
            properties: BlobProperties = self._container.run(
                lambda _: self._blob(key).get_blob_properties(), 404
            )
        except ResourceNotFoundError:
            raise blob_not_found(key) from None
        return properties

    def _blob(self, key: str) -> Any:
        return self._container.blob(blob_name(self._folder, key))

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        check_page(prefix, after, limit)
        return [key for key, _ in self._container.list(self._folder, prefix, after, limit)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        check_page(prefix, after, limit)
        return [_stat(*pair) for pair in self._container.list(self._folder, prefix, after, limit)]


def _metadata(key: str, sha256: str) -> dict[str, str]:
    return {"sha256": sha256, **key_metadata(key)}


def _stat(key: str, properties: BlobProperties) -> BlobStat:
    return BlobStat(key, properties.size, properties.last_modified.timestamp(), quoted(properties.etag))
