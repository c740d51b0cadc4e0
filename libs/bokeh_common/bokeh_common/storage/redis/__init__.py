"""The Redis backend: one server or a Redis Cluster, for many machines.

    redis://[[user]:password@]host:6379/0       rediss:// for TLS; other options are passed to redis-py
        ?timeout=5                  seconds that each attempt of a call may take
        &persistence=none           data may be lost; or set BOKEH_CLOUD_ALLOW_VOLATILE_REDIS=1

Without credentials in the URL, those of BOKEH_CLOUD_REDIS_LOGIN are used if it names the same server.

The server is asked whether it is a cluster. All keys begin with ``bokeh-cloud:``. The records of a namespace,
and the index of its blobs, are on one node of a cluster (hash tag ``{namespace}``); the bytes of blobs are
distributed over all nodes (one hash tag for each blob).
"""

import os
from functools import lru_cache
from typing import Any

from bokeh_common.environment import add_redis_login, read_bool
from bokeh_common.storage.redis.blobs import RedisBlobStore
from bokeh_common.storage.redis.records import RedisRecordStore
from bokeh_common.storage.redis.server import RedisConnection

NAMESPACES = "bokeh-cloud:namespaces"
_ALLOW_VOLATILE = "BOKEH_CLOUD_ALLOW_VOLATILE_REDIS"


def open_records(url: str, namespace: str) -> RedisRecordStore:
    """Open the records of a namespace on the server of a URL."""
    return RedisRecordStore(_register(url, namespace), namespace)


def open_blobs(url: str, namespace: str) -> RedisBlobStore:
    """Open the blobs of a namespace on the server of a URL."""
    return RedisBlobStore(_register(url, namespace), namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces on the server of a URL, sorted."""
    names: Any = server(url).run(lambda client, _: client.smembers(NAMESPACES))
    return sorted(name.decode() for name in names)


def _register(url: str, namespace: str) -> RedisConnection:
    """Connect to a server, and add a namespace to the set from which `namespaces` returns them."""
    found = server(url)
    found.run(lambda client, _: client.sadd(NAMESPACES, namespace))
    return found


def server(url: str) -> RedisConnection:
    """Connect to a server; raise `Unavailable` if it is not persistent, unless that is allowed."""
    return _connect(add_redis_login(os.environ, url), read_bool(os.environ, _ALLOW_VOLATILE))


@lru_cache(maxsize=8)
def _connect(url: str, allow_volatile: bool) -> RedisConnection:
    """Connect, once for each process, as the stores of all services share the connections."""
    return RedisConnection(url, allow_volatile)
