"""The Redis backend, accessed by plain commands."""

import hashlib
import json
import secrets
import time
from typing import Any

import redis

from bokeh_common.storage import JSON
from bokeh_common.storage.redis.permissions import blob_rules
from bokeh_common.storage.testing.servers.backend import Backend

CHUNK = 1 << 20


class RedisBackend(Backend):
    """A Redis, or a node of a Redis Cluster."""

    def __init__(self, port: int, cluster: bool = False, options: str = "?timeout=10") -> None:
        super().__init__(f"redis://127.0.0.1:{port}/0{options}")
        kind: Any = redis.RedisCluster if cluster else redis.Redis
        self.client = kind(host="127.0.0.1", port=port)

    def restrict_commands(self) -> "RedisBackend":
        """Let the stores log in as a user who may use the commands only that services are allowed."""
        rules = ["reset", "on", "nopass", *blob_rules(self.namespace), "~bokeh-cloud:*"]
        self.client.execute_command("ACL SETUSER", "service", *rules)
        self.url = self.url.replace("//", "//service:any@")
        return self

    def key(self, name: str) -> str:
        """Return the key of one of the namespace's collections."""
        return f"bokeh-cloud:{{{self.namespace}}}:{name}"

    def insert_record(self, key: str, value: JSON) -> None:
        self.client.hset(self.key("records"), key, secrets.token_hex(16) + json.dumps(value))
        self.client.zadd(self.key("keys"), {key: 0})

    def insert_blob(self, key: str, data: bytes) -> None:
        upload = secrets.token_hex(16)
        for number in range(-(-len(data) // CHUNK)):
            self.client.set(self._chunk(upload, number), data[number * CHUNK : (number + 1) * CHUNK])
        self.client.hset(self.key("blobs"), key, f"{upload}{hashlib.sha256(data).hexdigest()}{len(data)}")
        self.client.hset(self.key("touched"), key, int(time.time() * 1e6))
        self.client.zadd(self.key("blob-keys"), {key: 0})

    def stored_records(self) -> dict[str, JSON]:
        found = self.client.hgetall(self.key("records"))
        assert set(found) == set(self.client.zrange(self.key("keys"), 0, -1))
        return {key.decode(): json.loads(packed[32:]) for key, packed in found.items()}

    def stored_blobs(self) -> dict[str, bytes]:
        found = self.client.hgetall(self.key("blobs"))
        assert set(found) == set(self.client.zrange(self.key("blob-keys"), 0, -1))
        assert set(found) == set(self.client.hgetall(self.key("touched")))
        return {key.decode(): self._bytes(packed.decode()) for key, packed in found.items()}

    def chunks(self) -> int:
        """Return the number of chunks on the server that do not expire."""
        found = self.client.scan_iter("bokeh-cloud:{*}:[0-9]*", count=1000)
        return sum(self.client.ttl(chunk) < 0 for chunk in found)

    def _bytes(self, packed: str) -> bytes:
        count = -(-int(packed[96:]) // CHUNK)
        return b"".join(self.client.get(self._chunk(packed[:32], number)) for number in range(count))

    def _chunk(self, upload: str, number: int) -> str:
        return f"bokeh-cloud:{{{upload}}}:{number}"
