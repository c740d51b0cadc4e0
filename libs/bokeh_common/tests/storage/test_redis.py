"""Features of the Redis backend: persistence, memory, clusters, and the chunks of failed uploads."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bokeh_common.errors import Invalid, Unavailable
from bokeh_common.storage import open_blobs, open_records
from bokeh_common.storage import redis as redis_storage
from bokeh_common.storage.testing.servers.processes import (
    ServerProcess,
    redis_cluster,
    redis_server,
    wait_until,
)
from bokeh_common.storage.testing.servers.redis import RedisBackend

MIB = 1 << 20


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    servers: list[ServerProcess] = []

    def start(*options: str) -> ServerProcess:
        servers.append(redis_server(tmp_path / str(len(servers)), *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_a_server_without_persistence_is_rejected(
    serve: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://127.0.0.1:{serve('--appendonly', 'no').port}/0"
    for open_store in (open_records, open_blobs):
        with pytest.raises(Unavailable, match=r"append-only.*persistence=none"):
            open_store(url, "plots")
    store = open_records(f"{url}?persistence=none", "plots")
    assert store.traits.lost_seconds == float("inf")
    monkeypatch.setenv("BOKEH_CLOUD_ALLOW_VOLATILE_REDIS", "1")
    open_records(url, "plots").put("key", 1)


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        (["--appendonly", "yes"], 2),
        (["--appendonly", "yes", "--appendfsync", "always"], 0),
        (["--save", "900 1 60 1000"], 900),
    ],
)
def test_the_traits_say_what_may_be_lost(
    serve: Callable[..., ServerProcess], options: list[str], seconds: float
) -> None:
    url = f"redis://127.0.0.1:{serve(*options).port}/0"
    assert open_records(url, "plots").traits.lost_seconds == seconds


def test_a_server_that_evicts_keys_is_rejected(serve: Callable[..., ServerProcess]) -> None:
    options = ["--appendonly", "yes", "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]
    with pytest.raises(Unavailable, match="evicts"):
        open_blobs(f"redis://127.0.0.1:{serve(*options).port}/0", "plots")


def test_full_memory_is_unavailable(serve: Callable[..., ServerProcess]) -> None:
    server = serve("--appendonly", "yes", "--maxmemory", "20mb", "--maxmemory-policy", "noeviction")
    backend = RedisBackend(server.port)
    records, blobs = backend.records(), backend.blobs()
    records.put("record", "old")
    blobs.put("blob", [b"old"])
    with pytest.raises(Unavailable):
        blobs.put("blob", (b"x" * MIB for _ in range(64)))
    backend.client.config_set("maxmemory", "2mb")
    for call in (lambda: records.put("record", "new"), lambda: blobs.put("new", [b"x"])):
        with pytest.raises(Unavailable):
            call()
    backend.client.config_set("maxmemory", "200mb")
    assert backend.stored_records() == {"record": "old"}
    assert backend.stored_blobs() == {"blob": b"old"}
    assert backend.chunks() == 1, "the chunks of the failed upload are deleted"


def test_errors_do_not_contain_the_password(serve: Callable[..., ServerProcess]) -> None:
    server = serve("--appendonly", "yes", "--requirepass", "right")
    with pytest.raises(Unavailable) as caught:
        open_records(f"redis://:wrong@127.0.0.1:{server.port}/0?timeout=1", "plots")
    assert "wrong" not in str(caught.value).replace("wrong password", "").lower().replace("wrongpass", "")
    open_records(f"redis://:right@127.0.0.1:{server.port}/0", "plots").put("key", 1)


@pytest.mark.parametrize("timeout", ["0", "-1", "x", "nan", "1e9"])
def test_invalid_timeouts_are_rejected(timeout: str) -> None:
    with pytest.raises(Invalid):
        open_records(f"redis://127.0.0.1:1/0?timeout={timeout}", "plots")


def test_unused_chunks_are_deleted(serve: Callable[..., ServerProcess]) -> None:
    backend = RedisBackend(serve().port)
    store = backend.blobs()

    def failing() -> Iterator[bytes]:
        yield b"x" * 3 * MIB
        raise OSError("the client has gone")

    store.put("blob", [b"a" * 3 * MIB])
    store.put("blob", [b"a" * 3 * MIB])
    store.put("blob", [b"b" * 2 * MIB])
    with suppress(OSError):
        store.put("blob", failing())
    assert backend.chunks() == 2
    store.delete("blob")
    assert backend.chunks() == 0
    assert backend.client.exists(backend.key("uploads"), backend.key("waste")) == 0


def test_uploads_of_killed_processes_are_swept(serve: Callable[..., ServerProcess]) -> None:
    backend = RedisBackend(serve().port)
    store = backend.blobs()
    store.put("blob", [b"a" * 3 * MIB])
    for upload, when in [("abandoned", 1), ("living", 9e9)]:
        backend.client.zadd(backend.key("uploads"), {upload: when})
        for number in range(100):
            backend.client.set(f"bokeh-cloud:{{{upload}}}:{number}", b"x")
    backend.client.zadd(backend.key("waste"), {"replaced": 1})
    backend.client.set("bokeh-cloud:{replaced}:0", b"x")
    backend.blobs()
    assert backend.chunks() == 103
    assert backend.client.zrange(backend.key("uploads"), 0, -1) == [b"living"]
    assert not backend.client.exists(backend.key("waste"))
    assert len(b"".join(store.get("blob"))) == 3 * MIB


def test_an_abandoned_upload_is_not_added_to_the_index(
    serve: Callable[..., ServerProcess],
) -> None:
    backend = RedisBackend(serve().port)
    store = backend.blobs()

    def slow() -> Iterator[bytes]:
        yield b"x" * 2 * MIB
        for upload in backend.client.zrange(backend.key("uploads"), 0, -1):
            backend.client.zadd(backend.key("uploads"), {upload: 1})
        backend.blobs()  # sweeps
        yield b"x"

    with pytest.raises(Unavailable, match="took too long"):
        store.put("blob", slow())
    assert store.list() == []
    assert backend.chunks() == 0


def test_a_cluster_distributes_chunks_and_survives_restarts(tmp_path: Path) -> None:
    servers = redis_cluster(tmp_path)
    try:
        backend = RedisBackend(servers[0].port, cluster=True, options="?timeout=1")
        records, blobs = backend.records(), backend.blobs()
        for number in range(12):
            blobs.put(f"blob{number:02}", [bytes([number]) * 3 * MIB])
            records.put(f"record{number:02}", number)
        sizes = [count_keys(server) for server in servers]
        assert min(sizes) >= 3, "all nodes have chunks"
        time.sleep(records.traits.lost_seconds + 0.1)
        for server in servers:
            server.kill()
        with pytest.raises(Unavailable):
            records.get("record00")
        with pytest.raises(Unavailable):
            blobs.put("blob00", [b"new"])
        for server in servers:
            server.start()
        wait_until(lambda: succeeds(lambda: records.put("again", 1)))
        assert [record.value for record in records.list("record")] == list(range(12))
        assert [b"".join(blobs.get(f"blob{number:02}"))[:1] for number in range(12)] == [
            bytes([number]) for number in range(12)
        ]
    finally:
        redis_storage._connect.cache_clear()
        for server in servers:
            server.stop()


def count_keys(server: ServerProcess) -> int:
    import redis

    client = redis.Redis(host="127.0.0.1", port=server.port)
    return int(client.dbsize())


def succeeds(call: Callable[[], object]) -> bool:
    try:
        call()
    except Unavailable:
        return False
    return True


def test_an_upload_whose_commit_response_is_lost_keeps_its_chunks(
    serve: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patched, since the network would have to fail four times, for the commit only."""
    backend = RedisBackend(serve().port)
    store = redis_storage.open_blobs(backend.url, backend.namespace)
    commit = store._commit

    def lost_response(*arguments: Any) -> float:
        commit(*arguments)
        raise Unavailable("the responses were lost")

    monkeypatch.setattr(store, "_commit", lost_response)
    with pytest.raises(Unavailable):
        store.put("blob", [b"x" * 3 * MIB])
    assert backend.stored_blobs() == {"blob": b"x" * 3 * MIB}
