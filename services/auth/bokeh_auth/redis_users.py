"""The users of the Redis of a cloud: one for each service, with the keys and commands that it needs."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from bokeh_common.storage.redis.permissions import CONNECT, allow, blob_rules, record_rules

REDIS_ADDRESS = "redis:6379"
OPERATOR = "operator"

#: Every process listens to revocations.
_LISTEN = ["&bokeh-cloud:revocations", *allow((*CONNECT, "subscribe", "unsubscribe"))]
_PUBLISH = allow(("publish",))
#: A selector of Redis 7: services that announce changes can publish to no other channel.
_ANNOUNCE = ["(+publish &bokeh-cloud:changes)"]
#: The scripts and keys of the library `limits`.
_COUNT = ["~LIMITS:*", *allow(("evalsha", "eval", "script|load", "incrby", "expire", "get", "ttl"))]

#: The rules of each user. Operators copy, check and repair everything; no service has their login.
RULES: Mapping[str, list[str]] = {
    "auth": [*record_rules("auth"), *_LISTEN, *_PUBLISH, *_COUNT],
    "plots": [*blob_rules("plots"), *_LISTEN, *_COUNT, *_ANNOUNCE],
    "data": [*blob_rules("data"), *_LISTEN, *_COUNT, *_ANNOUNCE],
    "gc": [*record_rules("gc"), *_LISTEN],
    "web": [*blob_rules("web"), "&bokeh-cloud:changes", *_LISTEN],
    OPERATOR: ["allkeys", "allchannels", "allcommands"],
}


def redis_login(name: str, password: str) -> str:
    """Return the login of a user, as services read it."""
    return f"redis://{name}:{password}@{REDIS_ADDRESS}"


def acl_file(passwords: Mapping[str, Iterable[str]]) -> str:
    """Return the file that defines all users, from the passwords that each of them may use.

    It has digests of the passwords only. A client without a login may do nothing.
    """
    lines = ["user default off"]
    for name, rules in RULES.items():
        digests = [f"#{sha256(password.encode()).hexdigest()}" for password in passwords[name]]
        lines.append(" ".join(["user", name, "on", *digests, "resetchannels", *rules]))
    return "\n".join([*lines, ""])
