# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Blobs in Redis: chunks of 1 MiB under a random upload id, and an index of uploads by key.

An upload writes its chunks, then a script adds it to the index, so the blob appears at once. Uploads that are
not in the index are listed as running or as waste until their chunks are deleted; opening a store deletes
what killed processes left behind. Chunks of replaced and deleted blobs expire after ten minutes, for the sake
of readers. If a blob is replaced by the same content, the existing chunks are kept.

These are on one node of a cluster. By key: ``blobs`` (hash: upload id, SHA-256 and size), ``touched`` (hash:
microseconds and a random mark of the writer, which together are the etag) and ``blob-keys`` (sorted set). By
upload
id: ``uploads`` and ``waste`` (sorted sets: seconds). Times are those of the server.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from bokeh_common.errors import Unavailable
from bokeh_common.storage.blocks import BLOCK_BYTES, reblock, start_generator
from bokeh_common.storage.failures import StorageUnavailable, blob_conflict, blob_not_found
from bokeh_common.storage.interfaces import BlobStat, BlobStore
from bokeh_common.storage.read_budget import READ_BUDGET
from bokeh_common.storage.redis.pages import PAGE, bounds
from bokeh_common.storage.redis.server import Client, RedisConnection, run_script
from bokeh_common.storage.retry import require_swapped
from bokeh_common.storage.validation import check_key, check_page, check_range

READER_SECONDS = 600
ABANDONED_SECONDS = 3600
BATCH = 64  # chunks

_NOW = "local time = redis.call('TIME')\n"
_MICROSECONDS = "string.format('%s%06d', time[1], time[2])"

#: KEYS: uploads. ARGV: upload. Records that the upload is running.
_BEGIN = _NOW + "return redis.call('ZADD', KEYS[1], time[1], ARGV[1])"

#: KEYS: blobs, touched, blob-keys, uploads, waste. ARGV: key, upload (also used as the mark), SHA-256 and
#: size. Returns the etag and the replaced index entry, or nil if the upload was abandoned.
_COMMIT = (
    _NOW
    + f"local now = {_MICROSECONDS} .. '-' .. ARGV[2]"
    + """
local new = ARGV[2] .. ARGV[3]
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old == new then return {redis.call('HGET', KEYS[2], ARGV[1]), ''} end
if not redis.call('ZSCORE', KEYS[4], ARGV[2]) then return false end
redis.call('HSET', KEYS[2], ARGV[1], now)
if old and string.sub(old, 33) == ARGV[3] then return {now, new} end
redis.call('HSET', KEYS[1], ARGV[1], new)
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[2])
if old then redis.call('ZADD', KEYS[5], time[1], string.sub(old, 1, 32)) end
return {now, old or ''}
"""
)

#: KEYS: blobs, touched. ARGV: key.
_STAT = "return {redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1])}"

#: KEYS: blobs, touched. ARGV: key, mark.
_TOUCH = (
    _NOW
    + f"""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], {_MICROSECONDS} .. '-' .. ARGV[2])
return 1
"""
)

#: KEYS: blobs, touched, blob-keys, waste. ARGV: key, etag or ''. Returns the deleted index entry, or nil if
#: the etag does not match.
_DELETE = (
    _NOW
    + """
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return false end
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then return '' end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], time[1], string.sub(old, 1, 32))
return old
"""
)

#: KEYS: blobs, uploads, waste. ARGV: upload, key. Moves an upload to the waste; returns 0 if it is in the
#: index.
_ABANDON_ONE = (
    _NOW
    + """
local packed = redis.call('HGET', KEYS[1], ARGV[2])
if packed and string.sub(packed, 1, 32) == ARGV[1] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], time[1], ARGV[1])
return 1
"""
)

#: KEYS: uploads, waste. ARGV: seconds. Moves abandoned uploads to the waste, and returns all waste of this
#: age.
_ABANDON_OLD = (
    _NOW
    + """
local old = time[1] - ARGV[1]
for _, upload in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', old)) do
    redis.call('ZREM', KEYS[1], upload)
    redis.call('ZADD', KEYS[2], old, upload)
end
return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', old)
"""
)


@dataclass(frozen=True, slots=True)
class _Upload:
    """An entry of the index: the id of an upload, and the hash and size of its content."""

    name: str
    sha256: str
    size: int

    @classmethod
    def unpack(cls, packed: bytes) -> "_Upload":
        text = packed.decode()
        return cls(text[:32], text[32:96], int(text[96:]))

    def chunks(self) -> list[str]:
        return [chunk_key(self.name, number) for number in range(-(-self.size // BLOCK_BYTES))]


class RedisBlobStore(BlobStore):
    """Blobs of one namespace."""

    def __init__(self, server: RedisConnection, namespace: str) -> None:
        self._server = server
        self.traits = server.traits
        names = ("blobs", "touched", "blob-keys", "uploads", "waste")
        self._index = [f"bokeh-cloud:{{{namespace}}}:{name}" for name in names]
        self._blobs, self._touched, self._keys, self._uploads, self._waste = self._index
        self._sweep()

    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        check_key(key)
        name = secrets.token_hex(16)
        try:
            upload = self._upload(name, data)
            touched = self._commit(key, upload)
        except BaseException:
            with suppress(Unavailable):  # the next sweep deletes it
                self._discard(name, key)
            raise
        return BlobStat(key, upload.size, _seconds(touched), touched)

    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        check_range(start, end)
        check_key(key)
        packed: Any = self._server.run(lambda client, _: client.hget(self._blobs, key))
        if packed is None:
            raise blob_not_found(key)
        return start_generator(self._read(key, _Upload.unpack(packed), start, end))

    def stat(self, key: str) -> BlobStat:
        packed, touched = self._server.script(_STAT, [self._blobs, self._touched], check_key(key))
        if packed is None:
            raise blob_not_found(key)
        return _stat(key, packed, touched)

    def touch(self, key: str) -> None:
        mark = secrets.token_hex(8)
        if not self._server.script(_TOUCH, [self._blobs, self._touched], check_key(key), mark):
            raise blob_not_found(key)

    def delete(self, key: str, if_match: str | None = None) -> None:
        check_key(key)
        keys = [self._blobs, self._touched, self._keys, self._waste]

        def attempt(client: Client, failed: int) -> Any:
            old = run_script(client, _DELETE, keys, key, if_match or "")
            require_swapped(old is not None, failed, blob_conflict(key))
            return old

        self._retire(self._server.run(attempt))

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        check_page(prefix, after, limit)
        [names] = self._server.script(PAGE, [self._keys], *bounds(prefix, after), limit)
        return [name.decode() for name in names]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        check_page(prefix, after, limit)
        keys = [self._keys, self._blobs, self._touched]
        page = self._server.script(PAGE, keys, *bounds(prefix, after), limit)
        return [_stat(key.decode(), packed, touched) for key, packed, touched in zip(*page, strict=True)]

    def _upload(self, name: str, data: Iterable[bytes]) -> _Upload:
        digest, size = hashlib.sha256(), 0
        self._server.script(_BEGIN, [self._uploads], name)
        for number, block in enumerate(reblock(data)):
            if number % BATCH == BATCH - 1:
                self._server.script(_BEGIN, [self._uploads], name)
            self._set(chunk_key(name, number), block)
            digest.update(block)
            size += len(block)
        return _Upload(name, digest.hexdigest(), size)

    def _set(self, chunk: str, block: bytes) -> None:
        self._server.run(lambda client, _: client.set(chunk, block))

    def _commit(self, key: str, upload: _Upload) -> str:
        content = f"{upload.sha256}{upload.size}"
        response = self._server.script(_COMMIT, self._index, key, upload.name, content)
        if response is None:
            raise StorageUnavailable(f"The upload of {key!r} took too long and was abandoned. Try again.")
        touched, replaced = response
        if replaced[:32].decode() == upload.name:  # the same content exists already
            self._discard(upload.name, key)
        else:
            self._retire(replaced)
        return str(touched.decode())

    def _read(self, key: str, upload: _Upload, start: int, end: int | None) -> Iterator[bytes]:
        yield b""
        stop = min(upload.size, upload.size if end is None else end)
        while start < stop:
            number, offset = divmod(start, BLOCK_BYTES)
            length = READ_BUDGET.take(min(BLOCK_BYTES - offset, stop - start))
            try:
                block = self._chunk(chunk_key(upload.name, number), offset, length)
                if len(block) != length:
                    raise StorageUnavailable(
                        f"The blob {key!r} was deleted or replaced while it was read. Read it again."
                    )
                yield block
            finally:
                READ_BUDGET.give_back(length)
            start += length

    def _chunk(self, chunk: str, offset: int, length: int) -> bytes:
        response: Any = self._server.run(
            lambda client, _: client.getrange(chunk, offset, offset + length - 1)
        )
        return bytes(response)

    def _retire(self, packed: bytes) -> None:
        """Let the chunks of a replaced or deleted blob expire; if this fails, the next sweep does it."""
        if not packed:
            return
        upload = _Upload.unpack(packed)

        def expire(client: Any, _: int) -> None:
            pipeline = client.pipeline(transaction=False)
            for chunk in upload.chunks():
                pipeline.expire(chunk, READER_SECONDS)
            pipeline.execute()
            client.zrem(self._waste, upload.name)

        with suppress(Unavailable):
            self._server.run(expire)

    def _discard(self, name: str, key: str) -> None:
        """Delete the chunks of an upload, whose number is unknown, unless it is in the index after all."""
        if not self._server.script(_ABANDON_ONE, [self._blobs, self._uploads, self._waste], name, key):
            return
        for first in count(0, BATCH):
            if not self._unlink([chunk_key(name, number) for number in range(first, first + BATCH)]):
                break
        self._server.run(lambda client, _: client.zrem(self._waste, name))

    def _unlink(self, chunks: Sequence[str]) -> int:
        deleted: Any = self._server.run(lambda client, _: client.unlink(*chunks))
        return int(deleted)

    def _sweep(self) -> None:
        for name in self._server.script(_ABANDON_OLD, [self._uploads, self._waste], ABANDONED_SECONDS):
            self._discard(name.decode(), "")


def chunk_key(upload: str, number: int) -> str:
    """Return the key of a chunk; all chunks of an upload are on the same node of a cluster."""
    return f"bokeh-cloud:{{{upload}}}:{number}"


def _stat(key: str, packed: bytes, touched: bytes) -> BlobStat:
    etag = touched.decode()
    return BlobStat(key, _Upload.unpack(packed).size, _seconds(etag), etag)


def _seconds(etag: str) -> float:
    return int(etag.partition("-")[0]) / 1e6
