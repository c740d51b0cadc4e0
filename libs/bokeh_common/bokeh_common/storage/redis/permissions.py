"""What a Redis user needs to use the storage, as rules of Redis's access control lists.

https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/ describes the rules.
"""

from bokeh_common.storage.validation import check_namespace

UPLOAD_ID = 32  # characters

#: Connecting, and finding out whether the server keeps data. `client|setinfo` is missing, as Redis 7.0 does
#: not know it, and redis-py ignores that it fails.
CONNECT = ("ping", "hello", "select", "info", "config|get")
#: Commands of the record store, also in its scripts. Redis checks these like any other command.
RECORDS = ("eval", "sadd", "hget", "hset", "hdel", "hmget", "zadd", "zrem", "zrangebylex")
#: What the blob store uses in addition.
BLOBS = ("time", "hexists", "zscore", "zrangebyscore", "set", "getrange", "expire", "unlink")


def allow(commands: tuple[str, ...]) -> list[str]:
    """Return the rules that allow commands."""
    return [f"+{command}" for command in commands]


def record_rules(namespace: str) -> list[str]:
    """Return the rules for the records of a namespace; its name is added to the set of all of them."""
    keys = [f"~bokeh-cloud:{{{check_namespace(namespace)}}}:*", "%W~bokeh-cloud:namespaces"]
    return [*keys, *allow((*CONNECT, *RECORDS))]


def blob_rules(namespace: str) -> list[str]:
    """Return the rules for records and blobs of a namespace.

    Keys of chunks consist of the random id of an upload. So a user may read a chunk of another namespace if
    it knows the id, but the index that has the ids is closed, and so are commands that list keys.
    """
    return [*record_rules(namespace), f"~bokeh-cloud:{{{'?' * UPLOAD_ID}}}:*", *allow(BLOBS)]
