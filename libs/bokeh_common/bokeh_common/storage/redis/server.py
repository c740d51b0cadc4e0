"""The connection to a Redis or a Redis Cluster: timeouts, retries, and the durability of the server."""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, ReadOnlyError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from bokeh_common.storage.failures import StorageUnavailable
from bokeh_common.storage.interfaces import BackendTraits
from bokeh_common.storage.retry import retry_transient
from bokeh_common.storage.validation import check_timeout

TIMEOUT_SECONDS = 5.0
READ_BYTES = 1 << 18  # per system call; the default of redis-py, 32 KiB, is meant for small values
_OPTIONS = {"timeout", "persistence"}
#: The delay after which a write is on disk, by `appendfsync`: Redis delays writes for up to 2 s while an
#: fsync is running; with "no", the kernel delays them for up to 30 s.
FSYNC_SECONDS = {"always": 0.0, "everysec": 2.0, "no": 30.0}

_ERRORS = (RedisError, RedisClusterException, OSError)
_TRANSIENT = (
    RedisConnectionError,
    RedisTimeoutError,
    ClusterDownError,
    ReadOnlyError,
    RedisClusterException,
    OSError,
)

Client: TypeAlias = "redis.Redis | redis.RedisCluster"
T = TypeVar("T")


class RedisConnection:
    """The connection to a Redis or a Redis Cluster.

    Attributes:
        traits: the properties of its stores.
    """

    def __init__(self, url: str, allow_volatile: bool) -> None:
        self._url, options = _split(url)
        self._seconds = check_timeout(options, TIMEOUT_SECONDS)
        self.traits = BackendTraits()
        self._client: Client = redis.Redis.from_url(self._url, **self._settings())
        if self.run(lambda client, _: _info(client, "cluster"))[0].get("cluster_enabled"):
            self._client = self._attempt(lambda: redis.RedisCluster.from_url(self._url, **self._settings()))
        lost = self.run(lambda client, _: lost_seconds(client))
        if math.isinf(lost) and not allow_volatile and options.get("persistence") != "none":
            raise StorageUnavailable(
                f"The Redis at {self._address} may lose data: it has neither an append-only file nor "
                "snapshots, or it evicts keys. Start it with --appendonly yes --maxmemory-policy noeviction; "
                "or, if data may be lost, add ?persistence=none to the URL."
            )
        self.traits = BackendTraits(lost_seconds=lost, touch_seconds=1e-6)

    def run(self, call: Callable[[Client, int], T]) -> T:
        """Call a function, repeat it after transient errors, and return its result.

        Args:
            call: is passed the client, and the number of failed attempts so far.

        Raises:
            Unavailable: the server does not respond, or rejects the command.
        """
        return self._attempt(
            lambda: retry_transient(lambda n: call(self._client, n), _is_transient, self._seconds)
        )

    def script(self, text: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
        """Run an idempotent Lua script."""
        return self.run(lambda client, _: run_script(client, text, keys, *arguments))

    def _attempt(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except _ERRORS as error:
            raise StorageUnavailable(f"The Redis at {self._address} cannot be used now: {error}") from error

    def _settings(self) -> dict[str, Any]:
        """Return settings of redis-py, whose retries are switched off, as not all calls may be repeated."""
        timeouts = {"socket_timeout": self._seconds, "socket_connect_timeout": self._seconds}
        sizes = {"socket_read_size": READ_BYTES}
        return {"retry": Retry(NoBackoff(), 0), "health_check_interval": 30, **timeouts, **sizes}

    @property
    def _address(self) -> str:
        """The URL without credentials and options."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def run_script(client: Client, text: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
    """Run a Lua script. Its text is sent each time, so that it works after a restart of the server."""
    names = list(keys)
    return client.eval(text, len(names), *names, *arguments)


def lost_seconds(client: Client) -> float:
    """Return the maximum age of confirmed writes that a crash may lose; infinite if it loses all."""
    return max(_lost(persistence, memory, client) for persistence, memory in _nodes(client))


def _nodes(client: Client) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return list(zip(_info(client, "persistence"), _info(client, "memory"), strict=True))


def _lost(persistence: dict[str, Any], memory: dict[str, Any], client: Client) -> float:
    if memory.get("maxmemory") and str(memory.get("maxmemory_policy", "")).startswith("allkeys"):
        return math.inf  # any key may be evicted
    if persistence.get("aof_enabled"):
        return FSYNC_SECONDS.get(_config(client, "appendfsync"), 2.0)
    rules = _config(client, "save").split()  # "seconds changes seconds changes ..."
    return max(map(float, rules[::2]), default=math.inf)


def _info(client: Client, section: str) -> list[dict[str, Any]]:
    """Return a section of INFO from each primary node."""
    if isinstance(client, redis.RedisCluster):
        sections: Any = client.info(section, target_nodes=redis.RedisCluster.PRIMARIES)
        return (
            list(sections.values()) if "redis_version" not in sections and _nested(sections) else [sections]
        )
    return [client.info(section)]


def _nested(sections: dict[str, Any]) -> bool:
    return all(isinstance(section, dict) for section in sections.values())


def _config(client: Client, name: str) -> str:
    """Return a setting; empty if the server does not allow reading it, as hosted ones may not."""
    try:
        settings: Any = client.config_get(name)
    except ResponseError:
        return ""
    return str(settings.get(name, ""))


def _is_transient(error: Exception) -> bool:
    return isinstance(error, _TRANSIENT)


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL for redis-py, and the options that are not passed to it."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    ours = {name: value for name, value in options.items() if name in _OPTIONS}
    options = {name: value for name, value in options.items() if name not in _OPTIONS}
    return parts._replace(query=urlencode(options)).geturl(), ours
