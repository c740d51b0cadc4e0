"""The auth service over HTTP: who may ask what."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from falcon import testing

from bokeh_auth.accounts import Account
from bokeh_auth.app import Dependencies, create_app
from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.domain import Domain
from bokeh_auth.scopes import PUBLISHING, SCOPES, SERVICE_SCOPES
from bokeh_auth.settings import Settings
from bokeh_auth.times import Clock, now
from bokeh_common.errors import Invalid
from bokeh_common.http.peer import Peer
from bokeh_common.storage import RecordStore

TOKENS = {name: new_secret(SERVICE) for name in SERVICE_SCOPES}


@pytest.fixture
def clock() -> Clock:
    """Return the clock that the app goes by too: links made on another would have expired, or not begun."""
    return now


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


def test_keys_are_made_listed_rotated_and_revoked(client: testing.TestClient, key: str) -> None:
    made = client.simulate_post("/ada/keys", json={"name": "laptop"}, headers=bearer(key))
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert made.json["scopes"] == list(PUBLISHING)
    assert client.simulate_get("/whoami", headers=bearer(made.json["key"])).json["user_id"] == "ada"
    listed = client.simulate_get("/ada/keys", headers=bearer(key))
    assert {item["name"] for item in listed.json["keys"]} == {"first", "laptop"}
    assert made.json["key"] not in listed.text
    body = {"rotates": made.json["id"], "overlap_hours": 0}
    successor = client.simulate_post("/ada/keys", json=body, headers=bearer(key)).json
    assert client.simulate_get("/whoami", headers=bearer(made.json["key"])).status_code == 401
    assert client.simulate_get("/whoami", headers=bearer(successor["key"])).status_code == 200
    gone = client.simulate_delete(f"/ada/keys/{successor['id']}", headers=bearer(key))
    assert gone.status_code == 204
    assert client.simulate_get("/whoami", headers=bearer(successor["key"])).status_code == 401


def test_keys_are_paged(client: testing.TestClient, key: str) -> None:
    for i in range(4):
        client.simulate_post("/ada/keys", json={"name": str(i)}, headers=bearer(key))
    found, path = [], "/ada/keys?limit=2"
    while path:
        page = client.simulate_get(path, headers=bearer(key))
        found += [item["id"] for item in page.json["keys"]]
        path = page.headers["link"].partition(">")[0][1:] if "link" in page.headers else ""
    assert len(set(found)) == len(found) == 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        {"name": 1},
        {"name": "x", "scopes": "plots:read"},
        {"name": "x", "scopes": [1]},
        {"name": "x", "expires": 5},
        {"name": "x", "more": 1},
        {"rotates": "x", "overlap_hours": "1"},
        {"rotates": "x", "overlap_hours": -1},
    ],
)
def test_wrong_bodies(client: testing.TestClient, key: str, body: Any) -> None:
    result = client.simulate_post(
        "/ada/keys", body=json.dumps(body), headers={**bearer(key), "Content-Type": "application/json"}
    )
    assert result.status_code == 422


def test_anothers_keys_are_not_there(client: testing.TestClient, key: str, domain: Domain) -> None:
    theirs, _ = domain.keys.make("bob", "x", PUBLISHING, None, frozenset(SCOPES))
    for method, path in (("GET", "/bob/keys"), ("POST", "/bob/keys"), ("DELETE", f"/bob/keys/{theirs.id}")):
        real = client.simulate_request(method, path, json={"name": "x"}, headers=bearer(key))
        unreal = client.simulate_request(
            method, path.replace("bob", "nobody"), json={"name": "x"}, headers=bearer(key)
        )
        assert real.status_code == unreal.status_code == 404
        assert real.text == unreal.text
    assert client.simulate_delete(f"/ada/keys/{theirs.id}", headers=bearer(key)).status_code == 404


@pytest.mark.parametrize(
    "path", ["introspection", "view-tokens", "registrations", "login-links", "links", "sessions"]
)
def test_internal_routes_demand_a_service(client: testing.TestClient, key: str, path: str) -> None:
    for headers in (
        {},
        bearer(key),
        {"Bokeh-Cloud-Service": key},
        {"Bokeh-Cloud-Service": new_secret(SERVICE)},
        service("gc"),
    ):
        if path == "introspection" and headers == service("gc"):
            continue
        result = client.simulate_post(f"/internal/auth/{path}", json={}, headers=headers)
        assert result.status_code == 403
        assert result.json["type"] == "/problems/service-refused"


def test_a_service_is_nobody_in_front(client: testing.TestClient) -> None:
    assert client.simulate_get("/whoami", headers=bearer(TOKENS["web"])).status_code == 403


def test_introspection(client: testing.TestClient, key: str, domain: Domain) -> None:
    def ask(token: str | None) -> Any:
        return client.simulate_post(
            "/internal/auth/introspection", json={"token": token}, headers=service("data")
        ).json

    assert ask(key)["user_id"] == "ada"
    assert ask(key)["quota"] == {"bytes": None, "plots": None, "uploads": 6000}
    domain.accounts.change("ada", max_plots=5, max_bytes=1000)
    assert ask(key)["quota"] == {"bytes": 1000, "plots": 5, "uploads": 6000}
    assert ask(TOKENS["web"])["user_id"] == "service:web"
    assert ask(None) == ask("") == ask("bkp_x") == ask(new_secret(SERVICE)) == {"active": False}


def test_asking_is_answered_the_same_for_known_and_unknown(client: testing.TestClient, key: str) -> None:
    answers = set()
    for email, name in (
        ("ada@example.com", "newbie"),
        ("new@example.com", "ada"),
        ("new@example.com", "newbie"),
    ):
        body = {"email": email, "username": name}
        result = client.simulate_post("/internal/auth/registrations", json=body, headers=service("web"))
        answers.add((result.status_code, re.sub(r'"(remaining|reset)": \d+', "", result.text)))
    for email in ("ada@example.com", "new@example.com"):
        result = client.simulate_post(
            "/internal/auth/login-links", json={"email": email}, headers=service("web")
        )
        answers.add((result.status_code, re.sub(r'"(remaining|reset)": \d+', "", result.text)))
    assert [status for status, _ in answers] == [202]


def test_a_link_is_used_for_a_session(client: testing.TestClient, domain: Domain) -> None:
    link = domain.links.make("register", "eve@example.com", "eve")
    looked = client.simulate_post("/internal/auth/links", json={"token": link}, headers=service("web"))
    assert looked.json == {"purpose": "register", "username": "eve"}
    body = {"token": link, "agent": "Firefox"}
    entered = client.simulate_post("/internal/auth/sessions", json=body, headers=service("web"))
    assert (entered.status_code, entered.json["user_id"]) == (201, "eve")
    again = client.simulate_post("/internal/auth/sessions", json=body, headers=service("web"))
    assert (again.status_code, again.json["type"]) == (404, "/problems/link-spent")
    headers = {**service("web"), **bearer(entered.json["session"])}
    [session] = client.simulate_get("/internal/auth/sessions", headers=headers).json["sessions"]
    assert session["name"] == "Firefox"
    assert client.simulate_delete("/internal/auth/sessions/current", headers=headers).status_code == 204
    assert client.simulate_get("/internal/auth/sessions", headers=headers).status_code == 401
    assert [entry["action"] for entry in domain.audit.page("eve", "", 10)] == ["logout", "register"]


def test_a_link_makes_an_account_or_signs_in_and_never_both(
    domain: Domain, client: testing.TestClient
) -> None:
    def enter(link: str) -> tuple[int, Any]:
        answer = client.simulate_post("/internal/auth/sessions", json={"token": link}, headers=service("web"))
        return answer.status_code, answer.json.get("user_id") or answer.json["type"]

    links = [domain.links.make("register", "eve@example.com", name) for name in ("eve", "evelyn")]
    assert enter(links[0]) == (201, "eve")
    assert enter(links[1]) == (409, "/problems/email-taken")  # it lives for a day: too long for a login link
    taken = domain.links.make("register", "mallory@example.com", "eve")
    assert enter(taken) == (409, "/problems/username-taken")
    assert enter(domain.links.make("register", "mallory@example.com", "e-v-e")) == (201, "e-v-e")


def test_settings_refuse_tokens_that_are_none() -> None:
    with pytest.raises(Invalid):
        Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_SERVICE_TOKENS": "data=secret"})
    text = " ".join(f"{name}={token}" for name, token in TOKENS.items())
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_SERVICE_TOKENS": text})
    assert settings.services == TOKENS
    assert not any(token in repr(settings) for token in TOKENS.values())


def test_quotas_of_the_server_hold_where_an_account_has_none() -> None:
    quota = {"BOKEH_CLOUD_QUOTA_BYTES": "1000", "BOKEH_CLOUD_QUOTA_PLOTS": ""}
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", **quota})
    assert settings.quota == {"bytes": 1000, "plots": None, "uploads": 6000}
    account = Account("ada", "ada@example.com", "2026-11-24T12:30:00Z", max_plots=7)
    assert account.quota(settings.quota) == {"bytes": 1000, "plots": 7, "uploads": 6000}
    assert replace(account, max_bytes=0).quota(settings.quota)["bytes"] == 0
    with pytest.raises(Invalid):
        Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_QUOTA_BYTES": "1 GB"})


def test_an_expiring_key_cannot_prolong_itself(client: testing.TestClient, domain: Domain, key: str) -> None:
    expires = "2099-01-01T00:00:00Z"
    brief = domain.keys.make("ada", "brief", list(SCOPES), expires, frozenset(SCOPES))
    asked = client.simulate_post("/ada/keys", json={"name": "more"}, headers=bearer(brief[1]))
    assert (asked.status_code, asked.json["type"]) == (403, "/problems/forbidden")
    body = {"rotates": brief[0].id, "overlap_hours": 0}
    rotated = client.simulate_post("/ada/keys", json=body, headers=bearer(brief[1]))
    assert rotated.json["expires"] == expires
    session = domain.sessions.start(domain.accounts.get("ada"), "x")  # a person may, though it ends too
    made = client.simulate_post("/ada/keys", json={"name": "mine"}, headers=bearer(session))
    assert made.json["expires"] is None


def test_a_share_link_that_ends_while_its_page_is_made(
    client: testing.TestClient, key: str, domain: Domain
) -> None:
    share, token = domain.shares.make("ada", "plot1", None, [])
    body = {"user_id": "ada", "plot": "plot1", "share": token}
    made = client.simulate_post("/internal/auth/view-tokens", json=body, headers=service("web"))
    assert made.json["token"].startswith("bkv_")
    domain.shares.revoke("ada", "plot1", share.id)
    refused = client.simulate_post("/internal/auth/view-tokens", json=body, headers=service("web"))
    assert refused.status_code == 404
