"""A key that is revoked opens nothing in other processes: at once with Redis, else in half a minute."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from falcon import testing

import embedded
from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES, SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.http.auth import PeerIntrospection, Principal
from bokeh_common.http.peer import Peer
from bokeh_common.http.revocations import Revocations
from bokeh_common.storage import open_records
from bokeh_common.storage.testing.servers import redis_server
from tests.conftest import free_port, wait_for

#: A process that asks who holds a token, as every service does, and says so.
ASKER = """
import sys
from bokeh_auth.settings import Settings
from bokeh_common.http.auth import PeerIntrospection
from bokeh_common.http.peer import Peer
ask = PeerIntrospection(Peer(sys.argv[1], token=sys.argv[2]), sys.argv[3] or None)
for line in sys.stdin:
    found = ask(line.strip())
    print(found.user_id if found else "nobody", flush=True)
"""


@dataclass
class Asker:
    """Such a process."""

    process: "subprocess.Popen[str]"

    def ask(self, token: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(token + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def seconds_until_nobody(self, token: str, patience: float) -> float:
        start = time.monotonic()
        while self.ask(token) != "nobody":
            if time.monotonic() - start > patience:
                return patience
            time.sleep(0.01)
        return time.monotonic() - start


@dataclass
class Auth:
    """The auth service in a process of its own."""

    url: str
    token: str
    domain: Domain

    def key(self) -> tuple[str, str]:
        made, secret = self.domain.keys.make("ada", "x", list(SCOPES), None, frozenset(SCOPES))
        return made.id, secret

    def send(self, method: str, path: str, key: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **how)


@contextmanager
def running(command: list[str], **how: Any) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, text=True, **how)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = redis_server(tmp_path_factory.mktemp("redis"))
    yield f"redis://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture(scope="module")
def auth(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auth]:
    storage, port = f"local://{tmp_path_factory.mktemp('auth')}", free_port()
    tokens = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}
    domain = Domain.on(Records(open_records(storage, "auth")))
    domain.accounts.create("ada@example.com", "ada")
    environ = {
        "BOKEH_CLOUD_STORAGE": storage,
        "BOKEH_CLOUD_ACCOUNTS": "1",
        "BOKEH_CLOUD_REDIS_URL": redis,
        "BOKEH_CLOUD_SERVICE_TOKENS": " ".join(f"{name}={token}" for name, token in tokens.items()),
        "BOKEH_CLOUD_OUTBOX": str(tmp_path_factory.mktemp("outbox")),
    }
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    options = ["-b", f"127.0.0.1:{port}", "-k", "gthread", "--log-level", "warning"]
    with running([gunicorn, *options, "bokeh_auth.app:get_app()"], env=environ) as process:
        wait_for(f"http://127.0.0.1:{port}/health/ready", process)  # type: ignore[arg-type]  # text or bytes is the same to it
        yield Auth(f"http://127.0.0.1:{port}", tokens["data"], domain)


@contextmanager
def asker(auth: Auth, redis: str) -> Iterator[Asker]:
    command = [sys.executable, "-c", ASKER, auth.url, auth.token, redis]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        found = Asker(process)
        assert found.ask("bkp_wrong") == "nobody"  # it runs
        yield found


def test_with_redis_it_is_a_matter_of_a_moment(auth: Auth, redis: str) -> None:
    _, mine = auth.key()
    with asker(auth, redis) as one, asker(auth, redis) as two:
        time.sleep(0.5)  # both listen
        for act in ("revoke", "rotate", "sign out", "disable"):
            name, key = auth.key()
            if act == "sign out":
                key = auth.domain.sessions.start(auth.domain.accounts.get("ada"), "x")
            assert one.ask(key) == two.ask(key) == "ada"
            do(auth, act, mine, name, redis)
            waited = [process.seconds_until_nobody(key, 5) for process in (one, two)]
            assert max(waited) < 1, (act, waited)
            auth.domain.accounts.change("ada", disabled=False)


def do(auth: Auth, act: str, mine: str, name: str, redis: str) -> None:
    if act == "revoke":
        assert auth.send("DELETE", f"/ada/keys/{name}", mine).status_code == 204
    elif act == "rotate":
        body = {"rotates": name, "overlap_hours": 0}
        assert auth.send("POST", "/ada/keys", mine, json=body).status_code == 201
    else:  # as the operator's commands do it, in a process of their own
        operator = Domain.on(auth.domain.records, changed=Revocations(redis).tell)
        if act == "disable":
            operator.accounts.change("ada", disabled=True)
        else:
            operator.sessions.sign_out_everywhere("ada")


def test_without_redis_a_key_is_remembered_for_a_while(auth: Auth) -> None:
    """What the test above would see if nothing were told."""
    _, mine = auth.key()
    name, key = auth.key()
    with asker(auth, "") as process:
        assert process.ask(key) == "ada"
        auth.send("DELETE", f"/ada/keys/{name}", mine)
        assert process.seconds_until_nobody(key, 2) == 2


class Slow:
    """An auth service whose answer is overtaken by a revocation."""

    def __init__(self) -> None:
        self.asked = 0
        self.introspection: PeerIntrospection | None = None

    def post(self, *args: Any) -> dict[str, Any]:
        self.asked += 1
        if self.introspection is not None:
            self.introspection.forget("ada")
        return {"active": True, "user_id": "ada", "scopes": [], "remember": 30}


def test_an_answer_that_a_revocation_overtook_is_not_remembered() -> None:
    slow = Slow()
    introspection = PeerIntrospection(slow)  # type: ignore[arg-type]  # it posts, and nothing else
    assert introspection("one") == introspection("one") == Principal("ada", frozenset())
    assert slow.asked == 1
    slow.introspection = introspection
    introspection("two")
    introspection("two")
    assert slow.asked == 3


def test_nothing_is_remembered_beyond_its_expiry() -> None:
    class Brief(Slow):
        def post(self, *args: Any) -> dict[str, Any]:
            return {**super().post(), "expires": "2020-01-01T00:00:00Z"}

    brief = Brief()
    introspection = PeerIntrospection(brief)  # type: ignore[arg-type]  # as above
    introspection("one")
    introspection("one")
    assert brief.asked == 2


def test_while_redis_is_down_nothing_fails_and_nothing_old_is_trusted(tmp_path: Path) -> None:
    server = redis_server(tmp_path)
    url = f"redis://127.0.0.1:{server.port}"
    slow = Slow()
    introspection = PeerIntrospection(slow, url)  # type: ignore[arg-type]  # as above
    deadline = time.monotonic() + 5
    while introspection._heard == 0 and time.monotonic() < deadline:
        time.sleep(0.01)  # it listens
    introspection("one")
    server.stop()
    time.sleep(1.5)  # it has noticed
    introspection("one")
    assert slow.asked == 2
    Revocations(url).tell("ada")


def test_peers_are_asked_over_http(auth: Auth) -> None:
    _, key = auth.key()
    found = PeerIntrospection(Peer(auth.url, token=auth.token))(key)
    assert found is not None
    assert (found.user_id, found.quota["uploads"]) == ("ada", 6000)


def test_in_one_process_it_is_at_once(tmp_path: Path) -> None:
    storage = f"local://{tmp_path / 'storage'}"
    settings = Settings(storage, accounts=True, remembered=30, outbox=tmp_path / "outbox")
    client = testing.TestClient(embedded.create_app(storage, settings))
    domain = Domain.on(Records(open_records(storage, "auth")))
    domain.accounts.create("ada@example.com", "ada")
    keys = [domain.keys.make("ada", name, sorted(SCOPES), None, frozenset(SCOPES)) for name in "ab"]
    headers = [{"Authorization": f"Bearer {secret}"} for _, secret in keys]

    def status(who: int) -> int:
        return int(client.simulate_get("/ada/plots", headers=headers[who]).status_code)

    assert (status(0), status(1)) == (200, 200)
    gone = client.simulate_delete(f"/ada/keys/{keys[1][0].id}", headers=headers[0])
    assert gone.status_code == 204
    assert (status(0), status(1)) == (200, 401)
