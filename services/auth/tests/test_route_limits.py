"""Rate limits over HTTP."""

from typing import Any

from falcon import testing

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_common.storage import RecordStore
from tests.support.auth_client import bearer, create_client, service


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
    for i in range(15):  # one client cannot use up what Ada needs; many can, but she is not flooded
        assert ask("ada@example.com", f"10.0.1.{i}").status_code == 202
    assert ask("ada@example.com", "10.0.2.1").status_code == 429
    for i in range(5):
        assert ask("eve@example.com", f"2001:db8::{i}").status_code == 202
    assert ask("eve@example.com", "2001:db8::ffff").status_code == 429  # the same customer
    assert ask("eve@example.com", "2001:db8:0:1::1").status_code == 202
    for i in range(30):
        ask(f"u{i}@example.com", "10.1.1.1")
    assert ask("other@example.com", "10.1.1.1").status_code == 429


def test_wrong_links_are_limited(client: testing.TestClient) -> None:
    def guess() -> int:
        body = {"token": new_secret("bko_")}
        return int(
            client.simulate_post("/internal/auth/sessions", json=body, headers=service("web")).status_code
        )

    assert [guess() for _ in range(31)] == [404] * 30 + [429]


def test_wrong_keys_are_limited_by_client_address(store: RecordStore, storage: str, tmp_path: Any) -> None:
    client = create_client(store, storage, tmp_path, wrong_keys=5)
    domain = AccountDomain.on_storage(store)
    domain.accounts.create("ada@example.com", "ada")
    _, right = domain.keys.create("ada", "x", list(SCOPES), None, frozenset(SCOPES))

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
    assert ask(right, "10.0.0.1").json["active"]  # a client with a valid key is not refused
    for _ in range(5):
        assert client.simulate_get("/whoami", headers=bearer("bkp_x")).status_code == 401
    assert client.simulate_get("/whoami", headers=bearer("bkp_x")).status_code == 429
    assert client.simulate_get("/whoami", headers=bearer(right)).status_code == 200
    assert client.simulate_get("/whoami").status_code == 401


def test_wrong_service_tokens_are_not_limited(store: RecordStore, storage: str, tmp_path: Any) -> None:
    client = create_client(store, storage, tmp_path, wrong_keys=2)
    headers = {"Bokeh-Cloud-Service": new_secret(SERVICE)}
    for _ in range(5):
        answer = client.simulate_post("/internal/auth/introspection", json={"token": None}, headers=headers)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/service-refused")
