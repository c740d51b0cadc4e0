"""What is Redis's own: persistence, memory, clusters, and the chunks of uploads that came to nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bokeh_common.errors import Invalid, Unavailable
from bokeh_common.storage import open_blobs, open_records
from bokeh_common.storage import redis as backend
from bokeh_common.storage.testing.redis import RedisMedium
from bokeh_common.storage.testing.servers import Server, redis_cluster, redis_server, wait_until

MIB = 1 << 20


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(redis_server(tmp_path / str(len(servers)), *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_a_server_without_persistence_is_refused(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://127.0.0.1:{serve('--appendonly', 'no').port}/0"
    for opener in (open_records, open_blobs):
        with pytest.raises(Unavailable, match=r"append-only.*persistence=none"):
            opener(url, "plots")
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
def test_what_may_be_lost_is_declared(
    serve: Callable[..., Server], options: list[str], seconds: float
) -> None:
    url = f"redis://127.0.0.1:{serve(*options).port}/0"
    assert open_records(url, "plots").traits.lost_seconds == seconds


def test_a_server_that_evicts_is_refused(serve: Callable[..., Server]) -> None:
    options = ["--appendonly", "yes", "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]
    with pytest.raises(Unavailable, match="evicts"):
        open_blobs(f"redis://127.0.0.1:{serve(*options).port}/0", "plots")


def test_memory_that_is_full(serve: Callable[..., Server]) -> None:
    server = serve("--appendonly", "yes", "--maxmemory", "20mb", "--maxmemory-policy", "noeviction")
    medium = RedisMedium(server.port)
    records, blobs = medium.records(), medium.blobs()
    records.put("record", "old")
    blobs.put("blob", [b"old"])
    with pytest.raises(Unavailable):
        blobs.put("blob", (b"x" * MIB for _ in range(64)))
    medium.client.config_set("maxmemory", "2mb")
    for call in (lambda: records.put("record", "new"), lambda: blobs.put("new", [b"x"])):
        with pytest.raises(Unavailable):
            call()
    medium.client.config_set("maxmemory", "200mb")
    assert medium.stored_records() == {"record": "old"}
    assert medium.stored_blobs() == {"blob": b"old"}
    assert medium.chunks() == 1, "what was given up is freed"


def test_a_wrong_password_is_not_told(serve: Callable[..., Server]) -> None:
    server = serve("--appendonly", "yes", "--requirepass", "right")
    with pytest.raises(Unavailable) as caught:
        open_records(f"redis://:wrong@127.0.0.1:{server.port}/0?timeout=1", "plots")
    assert "wrong" not in str(caught.value).replace("wrong password", "").lower().replace("wrongpass", "")
    open_records(f"redis://:right@127.0.0.1:{server.port}/0", "plots").put("key", 1)


@pytest.mark.parametrize("timeout", ["0", "-1", "x", "nan", "1e9"])
def test_timeouts_that_cannot_be(timeout: str) -> None:
    with pytest.raises(Invalid):
        open_records(f"redis://127.0.0.1:1/0?timeout={timeout}", "plots")


def test_chunks_do_not_pile_up(serve: Callable[..., Server]) -> None:
    medium = RedisMedium(serve().port)
    store = medium.blobs()

    def broken() -> Iterator[bytes]:
        yield b"x" * 3 * MIB
        raise OSError("the client has gone")

    store.put("blob", [b"a" * 3 * MIB])
    store.put("blob", [b"a" * 3 * MIB])
    store.put("blob", [b"b" * 2 * MIB])
    with suppress(OSError):
        store.put("blob", broken())
    assert medium.chunks() == 2
    store.delete("blob")
    assert medium.chunks() == 0
    assert medium.client.exists(medium.key("uploads"), medium.key("waste")) == 0


def test_what_killed_processes_left_is_swept(serve: Callable[..., Server]) -> None:
    medium = RedisMedium(serve().port)
    store = medium.blobs()
    store.put("blob", [b"a" * 3 * MIB])
    for upload, when in [("abandoned", 1), ("living", 9e9)]:
        medium.client.zadd(medium.key("uploads"), {upload: when})
        for number in range(100):
            medium.client.set(f"bokeh-cloud:{{{upload}}}:{number}", b"x")
    medium.client.zadd(medium.key("waste"), {"replaced": 1})
    medium.client.set("bokeh-cloud:{replaced}:0", b"x")
    medium.blobs()
    assert medium.chunks() == 103
    assert medium.client.zrange(medium.key("uploads"), 0, -1) == [b"living"]
    assert not medium.client.exists(medium.key("waste"))
    assert len(b"".join(store.get("blob"))) == 3 * MIB


def test_an_upload_that_was_given_up_does_not_come_into_the_index(serve: Callable[..., Server]) -> None:
    medium = RedisMedium(serve().port)
    store = medium.blobs()

    def slow() -> Iterator[bytes]:
        yield b"x" * 2 * MIB
        for upload in medium.client.zrange(medium.key("uploads"), 0, -1):
            medium.client.zadd(medium.key("uploads"), {upload: 1})
        medium.blobs()  # sweeps
        yield b"x"

    with pytest.raises(Unavailable, match="took so long"):
        store.put("blob", slow())
    assert store.list() == []
    assert medium.chunks() == 0


def test_a_cluster_spreads_and_survives_its_nodes(tmp_path: Path) -> None:
    servers = redis_cluster(tmp_path)
    try:
        medium = RedisMedium(servers[0].port, cluster=True, options="?timeout=1")
        records, blobs = medium.records(), medium.blobs()
        for number in range(12):
            blobs.put(f"blob{number:02}", [bytes([number]) * 3 * MIB])
            records.put(f"record{number:02}", number)
        sizes = [server_keys(server) for server in servers]
        assert min(sizes) >= 3, "all nodes hold chunks"
        time.sleep(records.traits.lost_seconds + 0.1)
        for server in servers:
            server.kill()
        with pytest.raises(Unavailable):
            records.get("record00")
        with pytest.raises(Unavailable):
            blobs.put("blob00", [b"new"])
        for server in servers:
            server.start()
        wait_until(lambda: works(lambda: records.put("again", 1)))
        assert [record.value for record in records.list("record")] == list(range(12))
        assert [b"".join(blobs.get(f"blob{number:02}"))[:1] for number in range(12)] == [
            bytes([number]) for number in range(12)
        ]
    finally:
        backend._connect.cache_clear()
        for server in servers:
            server.stop()


def server_keys(server: Server) -> int:
    import redis

    client = redis.Redis(host="127.0.0.1", port=server.port)
    return int(client.dbsize())


def works(call: Callable[[], object]) -> bool:
    try:
        call()
    except Unavailable:
        return False
    return True


def test_an_upload_whose_commit_is_not_heard_of_keeps_its_chunks(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one place for a patch: the network would have to fail for the commit alone, four times."""
    medium = RedisMedium(serve().port)
    store = backend.open_blobs(medium.url, medium.namespace)
    commit = store._commit

    def unheard(*arguments: Any) -> float:
        commit(*arguments)
        raise Unavailable("the replies were lost")

    monkeypatch.setattr(store, "_commit", unheard)
    with pytest.raises(Unavailable):
        store.put("blob", [b"x" * 3 * MIB])
    assert medium.stored_blobs() == {"blob": b"x" * 3 * MIB}
