"""What limits say over HTTP."""

from typing import Any

import pytest
from falcon import testing

from bokeh_auth.app import Dependencies, create_app
from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES, SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.http.peer import Peer
from bokeh_common.storage import RecordStore

TOKENS = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}


@pytest.fixture
def client(store: RecordStore, storage: str, tmp_path: Any) -> testing.TestClient:
    settings = Settings(storage, accounts=True, services=TOKENS, outbox=tmp_path / "outbox")
    nobody = Peer("http://nobody.invalid")  # no test here needs what accounts have elsewhere
    return testing.TestClient(create_app(Dependencies(settings, store, nobody, nobody)))


@pytest.fixture
def key(domain: Domain) -> str:
    domain.accounts.create("ada@example.com", "ada")
    domain.accounts.create("bob@example.com", "bob")
    return domain.keys.make("ada", "first", list(SCOPES), None, frozenset(SCOPES))[1]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def service(name: str, origin: str = "") -> dict[str, str]:
    return {"Bokeh-Cloud-Service": TOKENS[name], "Bokeh-Cloud-Origin": origin}


def test_mail_flooding_is_limited(client: testing.TestClient, key: str) -> None:
    def ask(email: str, origin: str) -> Any:
        headers = service("web", origin)
        return client.simulate_post("/internal/auth/login-links", json={"email": email}, headers=headers)

    for _ in range(5):
        assert ask("Ada@example.com", "10.0.0.1").status_code == 202
    refused = ask("ada@EXAMPLE.com", "10.0.0.1")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit"].startswith('"mails-to-address";r=0;t=')
    assert refused.headers["ratelimit-policy"] == '"mails-to-address";q=5;w=3600'
    for i in range(15):  # a stranger alone cannot use up what Ada needs; many can, but she is not flooded
        assert ask("ada@example.com", f"10.0.1.{i}").status_code == 202
    assert ask("ada@example.com", "10.0.2.1").status_code == 429
    for i in range(5):
        assert ask("eve@example.com", f"2001:db8::{i}").status_code == 202
    assert ask("eve@example.com", "2001:db8::ffff").status_code == 429  # the same customer
    assert ask("eve@example.com", "2001:db8:0:1::1").status_code == 202
    for i in range(30):
        ask(f"u{i}@example.com", "10.1.1.1")
    assert ask("other@example.com", "10.1.1.1").status_code == 429


def test_guessing_links_is_limited(client: testing.TestClient) -> None:
    def guess() -> int:
        body = {"token": new_secret("bko_")}
        return int(
            client.simulate_post("/internal/auth/sessions", json=body, headers=service("web")).status_code
        )

    assert [guess() for _ in range(31)] == [404] * 30 + [429]


def test_wrong_keys_are_limited_by_address(store: RecordStore, storage: str, tmp_path: Any) -> None:
    settings = Settings(storage, accounts=True, services=TOKENS, outbox=tmp_path, wrong_keys=5)
    nobody = Peer("http://nobody.invalid")
    client = testing.TestClient(create_app(Dependencies(settings, store, nobody, nobody)))
    domain = Domain.on(Records(store))
    domain.accounts.create("ada@example.com", "ada")
    _, right = domain.keys.make("ada", "x", list(SCOPES), None, frozenset(SCOPES))

    def ask(token: str, origin: str) -> Any:
        body = {"token": token}
        return client.simulate_post(
            "/internal/auth/introspection", json=body, headers=service("data", origin)
        )

    for _ in range(5):
        assert ask(new_secret("bkp_"), "10.0.0.1").json == {"active": False}
    refused = ask("bkp_x", "10.0.0.1")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert refused.headers["ratelimit-policy"] == '"wrong-keys";q=5;w=600'
    assert ask("bkp_x", "10.0.0.2").json == {"active": False}
    assert ask(right, "10.0.0.1").json["active"]  # who has the right one is not turned away
    for _ in range(5):
        assert client.simulate_get("/whoami", headers=bearer("bkp_x")).status_code == 401
    assert client.simulate_get("/whoami", headers=bearer("bkp_x")).status_code == 429
    assert client.simulate_get("/whoami", headers=bearer(right)).status_code == 200
    assert client.simulate_get("/whoami").status_code == 401


def test_a_wrong_service_token_is_refused_however_often(
    store: RecordStore, storage: str, tmp_path: Any
) -> None:
    settings = Settings(storage, accounts=True, services=TOKENS, outbox=tmp_path, wrong_keys=2)
    nobody = Peer("http://nobody.invalid")
    client = testing.TestClient(create_app(Dependencies(settings, store, nobody, nobody)))
    headers = {"Bokeh-Cloud-Service": new_secret(SERVICE)}
    for _ in range(5):
        answer = client.simulate_post("/internal/auth/introspection", json={"token": None}, headers=headers)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/service-refused")
