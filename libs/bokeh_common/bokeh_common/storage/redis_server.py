"""The connection to a Redis or a Redis Cluster: time-outs, retries, and what the server keeps."""

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

from bokeh_common.errors import Unavailable
from bokeh_common.storage.base import Traits
from bokeh_common.storage.keys import check_timeout
from bokeh_common.storage.retry import persistently

TIMEOUT_SECONDS = 5.0
READ_BYTES = 1 << 18  # per system call; redis-py's own 32 KiB are for small values
_OPTIONS = {"timeout", "persistence"}
#: How late a write reaches the disk, by `appendfsync`: Redis puts off even writing while an fsync is under
#: way, for up to 2 s; "no" leaves it to the kernel, which takes up to 30 s.
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


class RedisServer:
    """A Redis or a Redis Cluster.

    Attributes:
        traits: what it may lose.
    """

    def __init__(self, url: str, allow_volatile: bool) -> None:
        self._url, options = _split(url)
        self._seconds = check_timeout(options, TIMEOUT_SECONDS)
        self.traits = Traits()
        self._client: Client = redis.Redis.from_url(self._url, **self._settings())
        if self.run(lambda client, _: _info(client, "cluster"))[0].get("cluster_enabled"):
            self._client = self._attempt(lambda: redis.RedisCluster.from_url(self._url, **self._settings()))
        lost = self.run(lambda client, _: lost_seconds(client))
        if math.isinf(lost) and not allow_volatile and options.get("persistence") != "none":
            raise Unavailable(
                f"The Redis at {self._where} loses what it is given: it has neither an append-only file nor "
                "snapshots, or it evicts keys. Start it with --appendonly yes --maxmemory-policy noeviction; "
                "or, if losing all is fine, add ?persistence=none to the URL."
            )
        self.traits = Traits(lost_seconds=lost, touch_seconds=1e-6)

    def run(self, call: Callable[[Client, int], T]) -> T:
        """Return what a call returns, repeating it while the network breaks it.

        Args:
            call: takes the client, and the number of attempts that were broken before.

        Raises:
            Unavailable: the server does not answer, or refuses.
        """
        return self._attempt(
            lambda: persistently(lambda n: call(self._client, n), _is_transient, self._seconds)
        )

    def script(self, text: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
        """Run a Lua script that may be repeated."""
        return self.run(lambda client, _: run_script(client, text, keys, *arguments))

    def _attempt(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except _ERRORS as error:
            raise Unavailable(f"The Redis at {self._where} cannot be used now: {error}") from error

    def _settings(self) -> dict[str, Any]:
        """Return redis-py's settings: it must not repeat calls itself, as it cannot tell which may be."""
        timeouts = {"socket_timeout": self._seconds, "socket_connect_timeout": self._seconds}
        sizes = {"socket_read_size": READ_BYTES}
        return {"retry": Retry(NoBackoff(), 0), "health_check_interval": 30, **timeouts, **sizes}

    @property
    def _where(self) -> str:
        """The URL without its password."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def run_script(client: Client, text: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
    """Run a Lua script; sent whole each time, so that a server that was restarted knows it too."""
    names = list(keys)
    return client.eval(text, len(names), *names, *arguments)


def lost_seconds(client: Client) -> float:
    """Return how old a confirmed write may be and still be lost, by the worst node; infinite if ever."""
    return max(_lost(persistence, memory, client) for persistence, memory in _nodes(client))


def _nodes(client: Client) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return list(zip(_info(client, "persistence"), _info(client, "memory"), strict=True))


def _lost(persistence: dict[str, Any], memory: dict[str, Any], client: Client) -> float:
    if memory.get("maxmemory") and str(memory.get("maxmemory_policy", "")).startswith("allkeys"):
        return math.inf  # it evicts keys of any kind, ours too
    if persistence.get("aof_enabled"):
        return FSYNC_SECONDS.get(_config(client, "appendfsync"), 2.0)
    rules = _config(client, "save").split()  # "seconds changes seconds changes ..."
    return max(map(float, rules[::2]), default=math.inf)


def _info(client: Client, section: str) -> list[dict[str, Any]]:
    """Return a section of INFO from each primary node."""
    if isinstance(client, redis.RedisCluster):
        answers: Any = client.info(section, target_nodes=redis.RedisCluster.PRIMARIES)
        return list(answers.values()) if "redis_version" not in answers and _nested(answers) else [answers]
    return [client.info(section)]


def _nested(answers: dict[str, Any]) -> bool:
    return all(isinstance(answer, dict) for answer in answers.values())


def _config(client: Client, name: str) -> str:
    """Return a setting; empty where the server does not tell, as hosted ones may not."""
    try:
        answer: Any = client.config_get(name)
    except ResponseError:
        return ""
    return str(answer.get(name, ""))


def _is_transient(error: Exception) -> bool:
    return isinstance(error, _TRANSIENT)


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL for redis-py, and our own options."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    ours = {name: value for name, value in options.items() if name in _OPTIONS}
    options = {name: value for name, value in options.items() if name not in _OPTIONS}
    return parts._replace(query=urlencode(options)).geturl(), ours
