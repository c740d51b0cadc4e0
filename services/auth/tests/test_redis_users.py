"""Each user of a cloud's Redis can do what its service does, and nothing else. A real Redis decides."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError

from bokeh_auth.provision_secrets import STORAGE_USERS, provision
from bokeh_common.environment import REDIS_LOGIN, read_redis_url
from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.http.auth.revocations import CHANNEL, RevocationListener, RevocationPublisher
from bokeh_common.http.change_notices import CHANNEL as CHANGES
from bokeh_common.http.change_notices import ChangePublisher, subscribe
from bokeh_common.http.rate_limits import RateLimit, RateLimiter
from bokeh_common.storage import open_blobs, open_records
from bokeh_common.storage.testing.servers.processes import redis_server, wait_until

WITH_BLOBS = ("plots", "data", "web")
COUNTING = ("auth", "plots", "data")


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The URL of a Redis for each user, as the services read it from their settings."""
    folder = tmp_path_factory.mktemp("redis-users")
    provision(folder)
    server = redis_server(
        folder / "data", "--appendonly", "yes", "--aclfile", str(folder / "redis-secrets/users.acl")
    )
    yield {name: url_of(folder, name, server.port) for name in STORAGE_USERS} | {
        "": f"redis://127.0.0.1:{server.port}/0"
    }
    server.stop()


def url_of(folder: Path, name: str, port: int) -> str:
    login = (folder / name / REDIS_LOGIN).read_text().replace("redis:6379", f"127.0.0.1:{port}")
    url = read_redis_url({"BOKEH_CLOUD_REDIS_URL": f"redis://127.0.0.1:{port}/0", REDIS_LOGIN: login})
    assert url is not None
    return url


def client_of(url: str) -> Any:
    return redis.Redis.from_url(url)


@pytest.mark.parametrize("name", STORAGE_USERS)
def test_a_service_uses_its_own_records_and_blobs(urls: dict[str, str], name: str) -> None:
    if name == "operator":
        name, url = "plots", urls["operator"]
    else:
        url = urls[name]
    records = open_records(url, name)
    etag = records.put("key", {"a": 1})
    etag = records.put("key", {"a": 2}, if_match=etag)
    assert [record.value for record in records.list()] == [{"a": 2}]
    assert records.keys() == [("key", etag)]
    assert records.get("key").etag == etag
    records.delete("key", if_match=etag)
    with pytest.raises(NotFound):
        records.get("key")


@pytest.mark.parametrize("name", WITH_BLOBS)
def test_a_service_with_blobs_stores_lists_touches_and_deletes_them(urls: dict[str, str], name: str) -> None:
    blobs = open_blobs(urls[name], name)
    for content in (b"x" * 3_000_000, b"y", b"y"):
        blobs.put("blob", [content])
    assert b"".join(blobs.get("blob")) == b"y"
    blobs.touch("blob")
    assert blobs.list()[0].etag == blobs.stat("blob").etag
    with pytest.raises(ZeroDivisionError):
        blobs.put("failed", (bytes(1 // number) for number in (1, 0)))
    blobs.delete("blob")
    assert blobs.keys() == []


@pytest.mark.parametrize("name", COUNTING)
def test_services_that_count_requests_share_the_counts(urls: dict[str, str], name: str) -> None:
    limit = RateLimit("tried", 1_000, 60)
    before = RateLimiter(urls["auth"]).hit(limit, "ada").remaining
    assert RateLimiter(urls[name]).hit(limit, "ada").remaining == before - 1


@pytest.mark.parametrize("name", ["auth", "plots", "data", "gc", "web"])
def test_every_service_receives_revocations_and_only_auth_and_operators_publish_them(
    urls: dict[str, str], name: str
) -> None:
    received: list[str | None] = []
    listener = RevocationListener(urls[name], received.append)
    try:
        wait_until(lambda: None in received)
        for publisher in ("auth", "operator"):
            RevocationPublisher(urls[publisher]).publish(publisher)
        wait_until(lambda: {"auth", "operator"} <= set(received))
    finally:
        listener.stop()
    if name != "auth":
        with pytest.raises(NoPermissionError):
            client_of(urls[name]).publish(CHANNEL, "eve")


class Listener:
    """Keeps the topics of notices."""

    def __init__(self) -> None:
        self.topics: list[str | None] = []

    def notice(self, topic: str | None) -> None:
        """Keep a topic."""
        self.topics.append(topic)


def test_the_web_service_receives_notices_of_the_services_that_make_changes(urls: dict[str, str]) -> None:
    listener = Listener()
    subscription = subscribe(urls["web"], listener)
    try:
        wait_until(lambda: None in listener.topics)
        for publisher in ("plots", "data"):
            ChangePublisher(urls[publisher]).publish(publisher)
        wait_until(lambda: {"plots", "data"} <= set(listener.topics))
    finally:
        subscription.stop()
    for other in ("gc", "web"):
        with pytest.raises(NoPermissionError):
            client_of(urls[other]).publish(CHANGES, "eve")


@pytest.mark.parametrize("name", ["auth", "plots", "data", "gc", "web"])
def test_a_service_reads_and_changes_nothing_of_others(urls: dict[str, str], name: str) -> None:
    for other in {"auth", "plots", "data", "gc", "web"} - {name}:
        for use in (
            lambda other=other: open_records(urls[name], other).get("key"),
            lambda other=other: open_records(urls[name], other).put("key", 1),
            lambda other=other: open_records(urls[name], other).list(),
        ):
            with pytest.raises(Unavailable, match="permission"):
                use()


def attempts(client: Any) -> list[Callable[[], object]]:
    """Return what no service needs, and what would show or destroy what others have."""
    return [
        client.flushall, client.keys, client.randomkey, client.acl_list, client.monitor().__enter__,
        client.client_list, client.shutdown, client.save, lambda: list(client.scan_iter()),
        lambda: client.smembers("bokeh-cloud:namespaces"), lambda: client.config_set("dir", "/tmp"),
        lambda: client.eval("return redis.call('KEYS', '*')", 0),
        lambda: client.eval("return redis.call('GET', 'x')", 0), lambda: client.get("x"),
        lambda: client.execute_command("MODULE", "LIST"), lambda: client.replicaof("127.0.0.1", 1),
        lambda: client.dump("bokeh-cloud:{auth}:records"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["auth", "plots", "data", "gc", "web"])
def test_a_service_cannot_list_keys_or_administer_the_server(urls: dict[str, str], name: str) -> None:
    for attempt in attempts(client_of(urls[name])):
        with pytest.raises(redis.ResponseError, match=r"permission|executing the script can't"):
            attempt()


def test_services_without_blobs_cannot_read_chunks(urls: dict[str, str]) -> None:
    chunk = f"bokeh-cloud:{{{secrets.token_hex(16)}}}:0"
    client_of(urls["operator"]).set(chunk, "content")
    for name in ("auth", "gc"):
        with pytest.raises(NoPermissionError):
            client_of(urls[name]).getrange(chunk, 0, 1)


def test_clients_without_a_login_can_do_nothing(urls: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError):
        client_of(urls[""]).ping()
    with pytest.raises(Unavailable) as caught:
        open_records(f"{urls['']}?timeout=0.1", "plots")
    assert "plots:" not in str(caught.value)
