"""Two processes each of the data and the web service work as one cloud."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
from blake3 import blake3

from bokeh_common.storage.testing.servers.processes import redis_server
from tests.integration.test_api_spec.caller import Caller, publication
from tests.support.live_rows import open_stream
from tests.support.mailbox import Mailbox, smtp_server
from tests.support.processes import Processes, start_services
from tests.support.users import RunningCloud, User

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "account")
WRITERS, WRITES = 4, 10


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Processes, RunningCloud]]:
    mailbox, redis = Mailbox(), redis_server(tmp_path_factory.mktemp("redis"))
    storage = f"local://{tmp_path_factory.mktemp('replicas')}"
    with (
        smtp_server(mailbox) as port,
        start_services(
            storage,
            accounts=True,
            scale={"data": 2, "web": 2},
            BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{port}",
            BOKEH_CLOUD_REDIS_URL=f"redis://127.0.0.1:{redis.port}",
            BOKEH_CLOUD_DRAIN_SECONDS="0",
        ) as running,
    ):
        yield running, RunningCloud(running.url, mailbox)
    redis.stop()


@pytest.fixture(scope="module")
def ada(processes: tuple[Processes, RunningCloud]) -> User:
    ada = User(processes[1], "ada")
    ada.register()
    return ada


@pytest.fixture(scope="module")
def caller(ada: User) -> Caller:
    return Caller(ada.cloud.url, "ada", ada.make_key(*SCOPES))


def test_a_session_starts_and_ends_in_both_replicas(
    processes: tuple[Processes, RunningCloud], ada: User
) -> None:
    other = User(ada.cloud, "ada")
    assert other.sign_in(2).status_code == 303
    cookies = other.browser.cookies.get_dict()

    def is_signed_in(url: str) -> bool:
        response = requests.get(f"{url}/account", cookies=cookies, allow_redirects=False, timeout=30)
        return response.status_code == 200

    webs = [replica.url for replica in processes[0].of("web")]
    assert [is_signed_in(url) for url in webs] == [True, True]
    form = {"form_token": other.form_token()}
    assert other.post("/logout", form).status_code == 303
    assert [is_signed_in(url) for url in webs] == [False, False]


def test_a_chunk_uploaded_to_one_replica_is_committed_by_the_other(
    processes: tuple[Processes, RunningCloud], caller: Caller
) -> None:
    first, second = (Caller(replica.url, "ada", caller.key) for replica in processes[0].of("data"))
    columns = {"y": first.upload(1.0, 2.0, 3.0)}
    source = second.ok("POST", "/{user}/data", json={"name": "shared", "columns": columns})
    assert first.ok("GET", f"/{{user}}/data/{source['id']}")["columns"]["y"]["length"] == 3


def test_concurrent_appends_through_both_replicas_are_all_stored(caller: Caller) -> None:
    columns = {"y": caller.upload(0.0)}
    source = caller.ok("POST", "/{user}/data", json={"name": "appended", "live": True, "columns": columns})
    failures: list[str] = []

    def write() -> None:
        for _ in range(WRITES):
            response = caller("POST", f"/{{user}}/data/{source['id']}/rows", json={"rows": {"y": [1.0]}})
            while response.status_code in {409, 412}:
                response = caller("POST", f"/{{user}}/data/{source['id']}/rows", json={"rows": {"y": [1.0]}})
            if response.status_code != 200:
                failures.append(response.text)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = caller.ok("GET", f"/{{user}}/data/{source['id']}")
    assert found["columns"]["y"]["length"] == 1 + WRITERS * WRITES


def test_streams_of_both_replicas_get_rows_and_end_when_the_share_link_is_revoked(
    processes: tuple[Processes, RunningCloud], caller: Caller
) -> None:
    source = caller.live_source(1.0, name="followed")
    plot = caller.ok("POST", "/{user}/store", json=publication("followed", source))["id"]
    link = caller.ok("POST", f"/{{user}}/plots/{plot}/shares", json={})
    token = {"Authorization": "Bearer " + link["show"].split("share=")[1]}
    with ExitStack() as stack:
        webs = [replica.url for replica in processes[0].of("web")]
        streams = [stack.enter_context(open_stream(url, plot, authorization=token)) for url in webs]
        caller.append(source["id"], 2.0)
        assert [(stream.next() or {})["event"] for stream in streams] == ["data", "data"]
        caller.ok("DELETE", f"/{{user}}/plots/{plot}/shares/{link['id']}")
        revoked = time.monotonic()
        assert [stream.next() for stream in streams] == [None, None]
        assert time.monotonic() < revoked + 30, "sooner than without a message"


def test_a_killed_replica_loses_no_acknowledged_chunk(
    processes: tuple[Processes, RunningCloud], caller: Caller
) -> None:
    acknowledged: list[str] = []
    failures: list[str] = []
    ended = threading.Event()

    def write(number: int) -> None:
        count = 0
        while not ended.is_set():
            count += 1
            data = f"{number} {count}".encode()
            chunk = blake3(data).hexdigest()
            response = caller("PUT", f"/{{user}}/data/chunks/{chunk}", data=data)
            if response.ok:
                acknowledged.append(chunk)
            elif response.status_code not in {502, 503} or "Retry-After" not in response.headers:
                failures.append(f"{response.status_code} {response.headers} {response.text[:200]}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    victim = processes[0].of("data")[1]
    victim.kill()
    time.sleep(2)
    ended.set()
    for thread in threads:
        thread.join()
    victim.start()
    victim.wait_until_ready()
    assert not failures
    assert len(acknowledged) > 50
    missing = caller.ok("POST", "/{user}/data/chunks/missing", json={"chunks": acknowledged})
    assert missing["missing"] == []
