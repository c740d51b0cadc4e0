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

from bokeh_common.storage.redis_blobs import RedisBlobStore
from bokeh_common.storage.redis_records import RedisRecordStore
from bokeh_common.storage.redis_server import RedisServer

_ALLOW_VOLATILE = "BOKEH_CLOUD_ALLOW_VOLATILE_REDIS"


def open_records(url: str, namespace: str) -> RedisRecordStore:
    """Open the records on the server that a URL names."""
    return RedisRecordStore(server(url), namespace)


def open_blobs(url: str, namespace: str) -> RedisBlobStore:
    """Open the blobs on the server that a URL names."""
    return RedisBlobStore(server(url), namespace)


def server(url: str) -> RedisServer:
    """Connect to a server; refuse one that does not keep what it is given, unless that is said to be fine."""
    return _connect(url, os.environ.get(_ALLOW_VOLATILE, "") not in {"", "0"})


@lru_cache(maxsize=8)
def _connect(url: str, allow_volatile: bool) -> RedisServer:
    """Connect once per process: the stores of all services share the connections."""
    return RedisServer(url, allow_volatile)
