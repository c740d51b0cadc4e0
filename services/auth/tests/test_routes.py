"""The auth service over HTTP."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from falcon import testing

from bokeh_auth.accounts.accounts import Account
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import PUBLISHING, SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_auth.settings import Settings
from bokeh_common.errors import Invalid
from bokeh_common.timestamps import Clock, now
from tests.support.auth_client import TOKENS, bearer, service


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the application, since links created by another one would seem expired."""
    return now


def test_keys_are_created_listed_rotated_and_revoked(client: testing.TestClient, key: str) -> None:
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
def test_invalid_bodies_are_rejected_and_recorded(
    client: testing.TestClient, key: str, domain: AccountDomain, body: Any
) -> None:
    result = client.simulate_post(
        "/ada/keys", body=json.dumps(body), headers={**bearer(key), "Content-Type": "application/json"}
    )
    assert result.status_code == 422
    [entry] = domain.audit.page("ada", "", 10)
    assert (entry["action"], entry["outcome"], entry["why"]) == ("keys.make", "refused", "invalid")


def test_keys_of_other_accounts_are_not_found(
    client: testing.TestClient, key: str, domain: AccountDomain
) -> None:
    theirs, _ = domain.keys.create("bob", "x", PUBLISHING, None, frozenset(SCOPES))
    for method, path in (("GET", "/bob/keys"), ("POST", "/bob/keys"), ("DELETE", f"/bob/keys/{theirs.id}")):
        real = client.simulate_request(method, path, json={"name": "x"}, headers=bearer(key))
        unreal = client.simulate_request(
            method, path.replace("bob", "unknown"), json={"name": "x"}, headers=bearer(key)
        )
        assert real.status_code == unreal.status_code == 404
        assert real.text == unreal.text
    assert client.simulate_delete(f"/ada/keys/{theirs.id}", headers=bearer(key)).status_code == 404


@pytest.mark.parametrize(
    "path", ["introspection", "view-tokens", "registrations", "login-links", "links", "sessions"]
)
def test_internal_routes_require_a_service_token(client: testing.TestClient, key: str, path: str) -> None:
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


def test_a_service_token_is_not_accepted_by_public_routes(client: testing.TestClient) -> None:
    assert client.simulate_get("/whoami", headers=bearer(TOKENS["web"])).status_code == 403


def test_introspection_returns_account_and_quota(
    client: testing.TestClient, key: str, domain: AccountDomain
) -> None:
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


def test_requests_for_links_get_the_same_response_for_known_and_unknown_addresses(
    client: testing.TestClient, key: str
) -> None:
    answers = set()
    for email, name in (
        ("ada@example.com", "newbie"),
        ("new@example.com", "ada"),
        ("new@example.com", "newbie"),
    ):
        body = {"email": email, "username": name}
        result = client.simulate_post("/internal/auth/registrations", json=body, headers=service("web"))
        answers.add((result.status_code, re.sub(r'"(remaining|reset)": ?\d+', "", result.text)))
    for email in ("ada@example.com", "new@example.com"):
        result = client.simulate_post(
            "/internal/auth/login-links", json={"email": email}, headers=service("web")
        )
        answers.add((result.status_code, re.sub(r'"(remaining|reset)": ?\d+', "", result.text)))
    assert [status for status, _ in answers] == [202]


def test_a_link_is_redeemed_for_a_session(client: testing.TestClient, domain: AccountDomain) -> None:
    link = domain.links.create("register", "eve@example.com", "eve")
    peeked = client.simulate_post("/internal/auth/links", json={"token": link}, headers=service("web"))
    assert peeked.json == {"purpose": "register", "username": "eve"}
    body = {"token": link, "agent": "Firefox"}
    redeemed = client.simulate_post("/internal/auth/sessions", json=body, headers=service("web"))
    assert (redeemed.status_code, redeemed.json["user_id"]) == (201, "eve")
    again = client.simulate_post("/internal/auth/sessions", json=body, headers=service("web"))
    assert (again.status_code, again.json["type"]) == (404, "/problems/link-spent")
    headers = {**service("web"), **bearer(redeemed.json["session"])}
    [session] = client.simulate_get("/internal/auth/sessions", headers=headers).json["sessions"]
    assert session["name"] == "Firefox"
    assert client.simulate_delete("/internal/auth/sessions/current", headers=headers).status_code == 204
    assert client.simulate_get("/internal/auth/sessions", headers=headers).status_code == 401
    assert [entry["action"] for entry in domain.audit.page("eve", "", 10)] == ["logout", "register"]


def test_a_registration_link_is_never_a_login_link(domain: AccountDomain, client: testing.TestClient) -> None:
    def redeem(link: str) -> tuple[int, Any]:
        answer = client.simulate_post("/internal/auth/sessions", json={"token": link}, headers=service("web"))
        return answer.status_code, answer.json.get("user_id") or answer.json["type"]

    links = [domain.links.create("register", "eve@example.com", name) for name in ("eve", "evelyn")]
    assert redeem(links[0]) == (201, "eve")
    assert redeem(links[1]) == (
        409,
        "/problems/email-taken",
    )  # it is valid for a day, too long for a login link
    taken = domain.links.create("register", "mallory@example.com", "eve")
    assert redeem(taken) == (409, "/problems/username-taken")
    assert redeem(domain.links.create("register", "mallory@example.com", "e-v-e")) == (201, "e-v-e")


def test_invalid_service_tokens_are_rejected() -> None:
    with pytest.raises(Invalid):
        Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_SERVICE_TOKENS": "data=secret"})
    text = " ".join(f"{name}={token}" for name, token in TOKENS.items())
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_SERVICE_TOKENS": text})
    assert settings.services == {token: name for name, token in TOKENS.items()}
    assert not any(token in repr(settings) for token in TOKENS.values())


def test_an_account_without_a_quota_has_that_of_the_server() -> None:
    quota = {"BOKEH_CLOUD_QUOTA_BYTES": "1000", "BOKEH_CLOUD_QUOTA_PLOTS": ""}
    settings = Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", **quota})
    assert settings.quota == {"bytes": 1000, "plots": None, "uploads": 6000}
    account = Account("ada", "ada@example.com", "2026-11-24T12:30:00Z", max_plots=7)
    assert account.quota(settings.quota) == {"bytes": 1000, "plots": 7, "uploads": 6000}
    assert replace(account, max_bytes=0).quota(settings.quota)["bytes"] == 0
    with pytest.raises(Invalid):
        Settings.from_env({"BOKEH_CLOUD_STORAGE": "x", "BOKEH_CLOUD_QUOTA_BYTES": "1 GB"})


def test_an_expiring_key_cannot_create_one_that_outlives_it(
    client: testing.TestClient, domain: AccountDomain, key: str
) -> None:
    expires = "2099-01-01T00:00:00Z"
    brief = domain.keys.create("ada", "brief", list(SCOPES), expires, frozenset(SCOPES))
    asked = client.simulate_post("/ada/keys", json={"name": "more"}, headers=bearer(brief[1]))
    assert (asked.status_code, asked.json["type"]) == (403, "/problems/forbidden")
    body = {"rotates": brief[0].id, "overlap_hours": 0}
    rotated = client.simulate_post("/ada/keys", json=body, headers=bearer(brief[1]))
    assert rotated.json["expires"] == expires
    session = domain.sessions.start(
        domain.accounts.get("ada"), "x"
    )  # a session may, although it expires, too
    made = client.simulate_post("/ada/keys", json={"name": "mine"}, headers=bearer(session))
    assert made.json["expires"] is None


def test_no_view_token_is_created_for_a_revoked_share_link(
    client: testing.TestClient, key: str, domain: AccountDomain
) -> None:
    share, token = domain.shares.create("ada", "plot1", [], None)
    body = {"user_id": "ada", "plot": "plot1", "share": token}
    made = client.simulate_post("/internal/auth/view-tokens", json=body, headers=service("web"))
    assert made.json["token"].startswith("bkv_")
    domain.shares.revoke("ada", "plot1", share.id)
    refused = client.simulate_post("/internal/auth/view-tokens", json=body, headers=service("web"))
    assert refused.status_code == 404
