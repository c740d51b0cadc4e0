"""A revoked key is rejected by other processes: at once with Redis, otherwise within half a minute."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from falcon import testing

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES, SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.http.auth.access import Principal, RemoteIntrospection
from bokeh_common.http.auth.revocations import RevocationPublisher
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.server.process_settings import WORKER_CLASS
from bokeh_common.storage import RecordStore, open_records
from bokeh_common.storage.testing.servers.processes import redis_server
from tests.support.embedded_server import wait_for
from tests.support.ports import free_port

#: A program that introspects the tokens it reads, as every service does, and prints whose they are.
INTROSPECTING_PROGRAM = """
import asyncio
import sys
from bokeh_common.http.auth.access import RemoteIntrospection
from bokeh_common.http.client.service_client import ServiceClient
async def main():
    introspect = RemoteIntrospection(ServiceClient(sys.argv[1], token=sys.argv[2]), sys.argv[3] or None)
    for line in sys.stdin:
        found = await introspect(line.strip())
        print(found.user_id if found else "inactive", flush=True)
asyncio.run(main())
"""


@dataclass
class IntrospectingProcess:
    """A process of `INTROSPECTING_PROGRAM`."""

    process: "subprocess.Popen[str]"

    def introspect(self, token: str) -> str:
        """Return the username that a token belongs to, or `inactive`."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(token + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def seconds_until_inactive(self, token: str, timeout: float) -> float:
        """Return how long a token stays active, at most `timeout`."""
        start = time.monotonic()
        while self.introspect(token) != "inactive":
            if time.monotonic() - start > timeout:
                return timeout
            time.sleep(0.01)
        return time.monotonic() - start


@dataclass
class AuthProcess:
    """The auth service in a process of its own, its storage, and the domain on that."""

    url: str
    token: str
    records: RecordStore
    domain: AccountDomain

    def make_key(self) -> tuple[str, str]:
        """Make an API key with all scopes; return its id and the key."""
        made, secret = self.domain.keys.create("ada", "x", list(SCOPES), None, frozenset(SCOPES))
        return made.id, secret

    def request(self, method: str, path: str, key: str, **options: Any) -> requests.Response:
        """Send a request with an API key."""
        headers = {"Authorization": f"Bearer {key}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)


@contextmanager
def start_process(command: list[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, text=True, **options)
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
def auth(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuthProcess]:
    storage, port = f"local://{tmp_path_factory.mktemp('auth')}", free_port()
    tokens = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}
    records = open_records(storage, "auth")
    domain = AccountDomain.on_storage(records)
    domain.accounts.create("ada@example.com", "ada")
    environ = {
        "BOKEH_CLOUD_STORAGE": storage,
        "BOKEH_CLOUD_ACCOUNTS": "1",
        "BOKEH_CLOUD_REDIS_URL": redis,
        "BOKEH_CLOUD_SERVICE_TOKENS": " ".join(f"{name}={token}" for name, token in tokens.items()),
        "BOKEH_CLOUD_OUTBOX": str(tmp_path_factory.mktemp("outbox")),
    }
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    options = ["-b", f"127.0.0.1:{port}", "-k", WORKER_CLASS, "--log-level", "warning"]
    with start_process([gunicorn, *options, "bokeh_auth.app:get_app()"], env=environ) as process:
        wait_for(f"http://127.0.0.1:{port}/health/ready", process)  # type: ignore[arg-type]  # text
        yield AuthProcess(f"http://127.0.0.1:{port}", tokens["data"], records, domain)


@contextmanager
def start_introspecting_process(auth: AuthProcess, redis: str) -> Iterator[IntrospectingProcess]:
    command = [sys.executable, "-c", INTROSPECTING_PROGRAM, auth.url, auth.token, redis]
    with start_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        introspecting = IntrospectingProcess(process)
        assert introspecting.introspect("bkp_wrong") == "inactive"  # so it has started
        yield introspecting


def test_with_redis_a_revocation_takes_less_than_a_second(auth: AuthProcess, redis: str) -> None:
    _, own = auth.make_key()
    start = partial(start_introspecting_process, auth, redis)
    with start() as one, start() as two:
        time.sleep(0.5)  # until both have subscribed
        for action in ("revoke", "rotate", "sign out", "disable"):
            key_id, key = auth.make_key()
            if action == "sign out":
                key = auth.domain.sessions.start(auth.domain.accounts.get("ada"), "x")
            assert one.introspect(key) == two.introspect(key) == "ada"
            invalidate(auth, action, own, key_id, redis)
            waited = [process.seconds_until_inactive(key, 5) for process in (one, two)]
            assert max(waited) < 1, (action, waited)
            auth.domain.accounts.change("ada", disabled=False)


def invalidate(auth: AuthProcess, action: str, own: str, key_id: str, redis: str) -> None:
    if action == "revoke":
        assert auth.request("DELETE", f"/ada/keys/{key_id}", own).status_code == 204
    elif action == "rotate":
        body = {"rotates": key_id, "overlap_hours": 0}
        assert auth.request("POST", "/ada/keys", own, json=body).status_code == 201
    else:  # as the operator's commands do, in a process of their own
        operator = AccountDomain.on_storage(auth.records, changed=RevocationPublisher(redis).publish)
        if action == "disable":
            operator.accounts.change("ada", disabled=True)
        else:
            operator.sessions.end_all("ada")


def test_without_redis_a_revoked_key_stays_cached(auth: AuthProcess) -> None:
    """The control of the test above: without Redis the other process is not notified."""
    _, own = auth.make_key()
    key_id, key = auth.make_key()
    with start_introspecting_process(auth, "") as process:
        assert process.introspect(key) == "ada"
        auth.request("DELETE", f"/ada/keys/{key_id}", own)
        assert process.seconds_until_inactive(key, 2) == 2


class SlowAuthClient:
    """A client of an auth service during whose response a revocation arrives."""

    def __init__(self) -> None:
        self.requests = 0
        self.introspection: RemoteIntrospection | None = None

    async def post(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the introspection of any token."""
        self.requests += 1
        if self.introspection is not None:
            self.introspection.forget("ada")
        return {"active": True, "user_id": "ada", "scopes": [], "remember": 30}


def ask(introspection: RemoteIntrospection, token: str) -> Principal | None:
    async def introspect() -> Principal | None:
        return await introspection(token)

    return asyncio.run(introspect())


def test_an_introspection_during_which_a_revocation_arrives_is_not_cached() -> None:
    slow = SlowAuthClient()
    introspection = RemoteIntrospection(slow)  # type: ignore[arg-type]  # it has the one method that is used
    assert ask(introspection, "one") == ask(introspection, "one") == Principal("ada", frozenset())
    assert slow.requests == 1
    slow.introspection = introspection
    ask(introspection, "two")
    ask(introspection, "two")
    assert slow.requests == 3


def test_an_expired_credential_is_not_cached() -> None:
    class ExpiredAuthClient(SlowAuthClient):
        async def post(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return {**await super().post(), "expires": "2020-01-01T00:00:00Z"}

    expired = ExpiredAuthClient()
    introspection = RemoteIntrospection(expired)  # type: ignore[arg-type]  # as above
    ask(introspection, "one")
    ask(introspection, "one")
    assert expired.requests == 2


def test_while_redis_is_down_introspection_works_without_a_cache(tmp_path: Path) -> None:
    server = redis_server(tmp_path)
    url = f"redis://127.0.0.1:{server.port}"
    slow = SlowAuthClient()
    introspection = RemoteIntrospection(slow, url)  # type: ignore[arg-type]  # as above
    deadline = time.monotonic() + 5
    while introspection._revocations == 0 and time.monotonic() < deadline:
        time.sleep(0.01)  # it listens
    ask(introspection, "one")
    server.stop()
    time.sleep(1.5)  # it has noticed
    ask(introspection, "one")
    assert slow.requests == 2
    RevocationPublisher(url).publish("ada")


def test_introspection_works_over_http(auth: AuthProcess) -> None:
    _, key = auth.make_key()
    found = ask(RemoteIntrospection(ServiceClient(auth.url, token=auth.token)), key)
    assert found is not None
    assert (found.user_id, found.quota["uploads"]) == ("ada", 6000)


def test_in_one_process_a_revocation_takes_effect_at_once(tmp_path: Path) -> None:
    storage = f"local://{tmp_path / 'storage'}"
    settings = Settings(storage, accounts=True, cache_seconds=30, outbox=tmp_path / "outbox")
    client = testing.TestClient(embedded.create_app(storage, settings))
    domain = AccountDomain.on_storage(open_records(storage, "auth"))
    domain.accounts.create("ada@example.com", "ada")
    keys = [domain.keys.create("ada", name, sorted(SCOPES), None, frozenset(SCOPES)) for name in "ab"]
    headers = [{"Authorization": f"Bearer {secret}"} for _, secret in keys]

    def status(index: int) -> int:
        return int(client.simulate_get("/ada/plots", headers=headers[index]).status_code)

    assert (status(0), status(1)) == (200, 200)
    path = f"/ada/keys/{keys[1][0].id}"
    assert client.simulate_delete(path, headers=headers[0]).status_code == 204
    assert (status(0), status(1)) == (200, 401)
