"""Two processes of the data and of the web service: whichever answers, it is one cloud."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from blake3 import blake3

from bokeh_common.storage.testing.servers import redis_server
from tests.integration.people import Cloud, Person
from tests.integration.test_api_spec.caller import Caller
from tests.mailbox import Mailbox, smtp_server
from tests.processes import Processes, own_processes

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "account")
WRITERS, WRITES = 4, 10


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Processes, Cloud]]:
    box, redis = Mailbox(), redis_server(tmp_path_factory.mktemp("news"))
    storage = f"local://{tmp_path_factory.mktemp('replicas')}"
    with (
        smtp_server(box) as port,
        own_processes(
            storage,
            accounts=True,
            scale={"data": 2, "web": 2},
            BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{port}",
            BOKEH_CLOUD_REDIS_URL=f"redis://127.0.0.1:{redis.port}",
            BOKEH_CLOUD_DRAIN_SECONDS="0",
        ) as running,
    ):
        yield running, Cloud(running.url, box)
    redis.stop()


@pytest.fixture(scope="module")
def ada(processes: tuple[Processes, Cloud]) -> Person:
    person = Person(processes[1], "ada")
    person.register()
    return person


@pytest.fixture(scope="module")
def caller(ada: Person) -> Caller:
    return Caller(ada.cloud.url, "ada", ada.make_key(*SCOPES))


def test_a_session_holds_in_both_and_ends_in_both(processes: tuple[Processes, Cloud], ada: Person) -> None:
    other = Person(ada.cloud, "ada")
    assert other.sign_in(2).status_code == 303
    cookies = other.browser.cookies.get_dict()

    def is_signed_in(url: str) -> bool:
        answer = requests.get(f"{url}/account", cookies=cookies, allow_redirects=False, timeout=30)
        return answer.status_code == 200

    webs = [replica.url for replica in processes[0].of("web")]
    assert [is_signed_in(url) for url in webs] == [True, True]
    form = {"form_token": other.form_token()}
    assert other.post("/logout", form).status_code == 303
    assert [is_signed_in(url) for url in webs] == [False, False]


def test_what_is_uploaded_to_one_is_committed_at_the_other(
    processes: tuple[Processes, Cloud], caller: Caller
) -> None:
    first, second = (Caller(replica.url, "ada", caller.key) for replica in processes[0].of("data"))
    columns = {"y": first.upload(1.0, 2.0, 3.0)}
    source = second.ok("POST", "/{user}/data", json={"name": "shared", "columns": columns})
    assert first.ok("GET", f"/{{user}}/data/{source['id']}")["columns"]["y"]["length"] == 3


def test_appends_through_both_are_all_there(caller: Caller) -> None:
    columns = {"y": caller.upload(0.0)}
    source = caller.ok("POST", "/{user}/data", json={"name": "appended", "live": True, "columns": columns})
    wrong: list[str] = []

    def write() -> None:
        for _ in range(WRITES):
            answer = caller("POST", f"/{{user}}/data/{source['id']}/rows", json={"rows": {"y": [1.0]}})
            while answer.status_code in {409, 412}:
                answer = caller("POST", f"/{{user}}/data/{source['id']}/rows", json={"rows": {"y": [1.0]}})
            if answer.status_code != 200:
                wrong.append(answer.text)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    found = caller.ok("GET", f"/{{user}}/data/{source['id']}")
    assert found["columns"]["y"]["length"] == 1 + WRITERS * WRITES


def test_a_killed_replica_loses_nothing_that_was_acknowledged(
    processes: tuple[Processes, Cloud], caller: Caller
) -> None:
    done: list[str] = []
    other: list[str] = []
    ended = threading.Event()

    def write(number: int) -> None:
        count = 0
        while not ended.is_set():
            count += 1
            data = f"{number} {count}".encode()
            chunk = blake3(data).hexdigest()
            answer = caller("PUT", f"/{{user}}/data/chunks/{chunk}", data=data)
            if answer.ok:
                done.append(chunk)
            elif answer.status_code not in {502, 503} or "Retry-After" not in answer.headers:
                other.append(f"{answer.status_code} {answer.headers} {answer.text[:200]}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    victim = processes[0].of("data")[1]
    _kill(victim.process.pid)
    victim.process.wait(30)
    time.sleep(2)
    ended.set()
    for thread in threads:
        thread.join()
    victim.start()
    victim.ready()
    assert not other
    assert len(done) > 50
    missing = caller.ok("POST", "/{user}/data/chunks/missing", json={"chunks": done})
    assert missing["missing"] == []


def _kill(master: int) -> None:
    """Kill a gunicorn and its workers, as `docker kill` does."""
    children = [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
    for pid in (master, *children):
        os.kill(pid, signal.SIGKILL)
