# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Records in Redis: a hash of ``etag + JSON`` by key, and a sorted set of the keys.

Scripts change both. Redis executes scripts atomically; in a cluster, both are on the same node.
"""

import json
from typing import Any

from bokeh_common.storage import validation
from bokeh_common.storage.failures import record_conflict, record_not_found
from bokeh_common.storage.interfaces import ABSENT, JSON, Absent, Record, RecordStore
from bokeh_common.storage.redis.pages import ETAGS, PAGE, bounds
from bokeh_common.storage.redis.server import RedisConnection, run_script
from bokeh_common.storage.retry import require_swapped
from bokeh_common.storage.validation import check_key, check_page

ETAG = 32  # characters

#: ARGV: key, new etag, value, "any" | "absent" | "match", old etag. If the record has the new etag already,
#: the call is a retry.
_PUT = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
local etag = old and string.sub(old, 1, 32)
if etag == ARGV[2] then return 1 end
if ARGV[4] == 'absent' and old or ARGV[4] == 'match' and etag ~= ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
"""

#: ARGV: key, "any" | "match", old etag.
_DELETE = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == 'match' and not (old and string.sub(old, 1, 32) == ARGV[3]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
"""


class RedisRecordStore(RecordStore):
    """Records of one namespace."""

    def __init__(self, server: RedisConnection, namespace: str) -> None:
        self._server = server
        self.traits = server.traits
        self._records = f"bokeh-cloud:{{{namespace}}}:records"
        self._keys = [self._records, f"bokeh-cloud:{{{namespace}}}:keys"]

    def get(self, key: str) -> Record:
        check_key(key)
        packed: Any = self._server.run(lambda client, _: client.hget(self._records, key))
        if packed is None:
            raise record_not_found(key)
        return _record(key, packed)

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        check_key(key)
        etag = validation.new_etag()
        condition = ["absent", ""] if if_match is ABSENT else _match(if_match)
        message = record_conflict(key, if_match)
        self._swap(message, _PUT, key, etag, validation.encode_json(value), *condition)
        return etag

    def delete(self, key: str, if_match: str | None = None) -> None:
        self._swap(record_conflict(key), _DELETE, check_key(key), *_match(if_match))

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        check_page(prefix, after, limit)
        names, etags = self._server.script(
            ETAGS, [self._keys[1], self._records], *bounds(prefix, after), limit
        )
        return [(name.decode(), etag.decode()) for name, etag in zip(names, etags, strict=True)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        check_page(prefix, after, limit)
        names, packed = self._server.script(
            PAGE, [self._keys[1], self._records], *bounds(prefix, after), limit
        )
        return [_record(name.decode(), value) for name, value in zip(names, packed, strict=True)]

    def _swap(self, message: str, script: str, *arguments: str) -> None:
        def attempt(client: Any, failed: int) -> None:
            require_swapped(bool(run_script(client, script, self._keys, *arguments)), failed, message)

        self._server.run(attempt)


def _match(etag: str | Absent | None) -> list[str]:
    return ["any", ""] if etag is None else ["match", str(etag)]


def _record(key: str, packed: bytes) -> Record:
    return Record(key, json.loads(packed[ETAG:]), packed[:ETAG].decode())
