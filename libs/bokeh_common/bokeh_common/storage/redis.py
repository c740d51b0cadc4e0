"""The Redis backend: one server or a Redis Cluster, for many machines.

    redis://[[user]:password@]host:6379/0       rediss:// for TLS; further options are redis-py's
        ?timeout=5                  seconds that one attempt of a call may take
        &persistence=none           losing everything is fine; or set BOKEH_CLOUD_ALLOW_VOLATILE_REDIS=1

Whether it is a cluster is found out by asking. All keys begin with ``bokeh-cloud:``. A namespace's records,
and the index of its blobs, are on one node of a cluster (hash tag ``{namespace}``); blobs' bytes are spread
over all (hash tag per blob).
"""

import os
from functools import lru_cache
from typing import Any

from bokeh_common.environment import flag
from bokeh_common.storage.redis_blobs import RedisBlobStore
from bokeh_common.storage.redis_records import RedisRecordStore
from bokeh_common.storage.redis_server import RedisServer

NAMESPACES = "bokeh-cloud:namespaces"
_ALLOW_VOLATILE = "BOKEH_CLOUD_ALLOW_VOLATILE_REDIS"


def open_records(url: str, namespace: str) -> RedisRecordStore:
    """Open the records on the server that a URL names."""
    return RedisRecordStore(_known(url, namespace), namespace)


def open_blobs(url: str, namespace: str) -> RedisBlobStore:
    """Open the blobs on the server that a URL names."""
    return RedisBlobStore(_known(url, namespace), namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces on the server that a URL names."""
    names: Any = server(url).run(lambda client, _: client.smembers(NAMESPACES))
    return sorted(name.decode() for name in names)


def _known(url: str, namespace: str) -> RedisServer:
    """Return the server, which knows of the namespace from now on: it is not to be searched for them."""
    found = server(url)
    found.run(lambda client, _: client.sadd(NAMESPACES, namespace))
    return found


def server(url: str) -> RedisServer:
    """Connect to a server; refuse one that does not keep what it is given, unless that is said to be fine."""
    return _connect(url, flag(os.environ, _ALLOW_VOLATILE))


@lru_cache(maxsize=8)
def _connect(url: str, allow_volatile: bool) -> RedisServer:
    """Connect once per process: the stores of all services share the connections."""
    return RedisServer(url, allow_volatile)
