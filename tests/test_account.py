"""One's own account, over all services of the cloud in this process."""

from typing import Any

import pytest
from blake3 import blake3
from falcon import testing

import embedded
from tests.accounts import Cloud


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> Cloud:
    return Cloud(storage, tmp_path / "outbox", quota_plots=10)


def test_what_it_is_and_what_it_has(cloud: Cloud) -> None:
    key = cloud.key("ada")
    cloud.publish("ada", key, "one")
    cloud.publish("ada", key, "two")
    cloud.upload("ada", key, b"12345678")
    created = cloud.domain.accounts.get("ada").created
    found = cloud.ask("GET", "/ada/account", key).json
    used = found.pop("used")
    assert found == {
        "username": "ada",
        "email": "ada@example.com",
        "created": created,
        "quota": {"bytes": None, "plots": 10, "uploads": 6000},
    }
    assert (used["plots"], used["sources"], used["bytes"]) == (2, 1, 8)
    assert cloud.ask("GET", "/bob/account", key).status_code == 404
    assert cloud.ask("GET", "/ada/account", cloud.key("ada", "plots:read")).status_code == 403


def test_a_keyless_cloud_has_one_account(storage: str) -> None:
    client = testing.TestClient(embedded.create_app(storage))
    headers = {"Host": "localhost"}
    found = client.simulate_get("/local/account", headers=headers).json
    assert (found["username"], found["email"]) == ("local", None)
    assert found["quota"] == {"bytes": None, "plots": None, "uploads": None}
    assert client.simulate_get("/local/account/export", headers=headers).status_code == 200
    gone = client.simulate_delete("/local/account?confirm=local", headers=headers)
    assert gone.status_code == 403


def test_the_audit_log_is_its_owners(cloud: Cloud) -> None:
    key = cloud.key("ada")
    for name in ("first", "second"):
        assert cloud.ask("POST", "/ada/keys", key, json={"name": name}).status_code == 201
    page = cloud.ask("GET", "/ada/audit?limit=1", key)
    following = page.headers["link"].partition(">")[0][1:]
    entries = page.json["entries"] + cloud.ask("GET", following, key).json["entries"]
    assert [entry["action"] for entry in entries] == ["keys.make", "keys.make"]
    assert key not in page.text
    assert cloud.ask("GET", "/bob/audit", key).status_code == 404
    assert cloud.ask("GET", "/ada/audit", cloud.key("ada", "account")).status_code == 403


def test_the_audit_log_says_what_with_which_key_and_from_where(cloud: Cloud) -> None:
    key = cloud.key("ada")
    [maker] = cloud.domain.keys.page("ada", "", 10)
    plot = cloud.publish("ada", key, "one")
    share = cloud.ask("POST", f"/ada/plots/{plot}/shares", key, json={}).json["id"]
    cloud.ask("DELETE", f"/ada/plots/{plot}/shares/{share}", key)
    poor = cloud.key("ada", "keys:write")
    cloud.ask("POST", "/ada/keys", poor, json={"name": "more", "scopes": ["plots:read"]})
    cloud.ask("GET", "/ada/account/export", key)
    cloud.ask("DELETE", f"/ada/keys/{maker.id}", key)
    entries = cloud.domain.audit.page("ada", "", 10)
    assert [(entry["action"], entry["outcome"]) for entry in entries] == [
        ("keys.revoke", "done"),
        ("account.export", "done"),
        ("keys.make", "refused"),
        ("shares.revoke", "done"),
        ("shares.make", "done"),
    ]
    assert entries[2]["why"] == "forbidden"
    assert {entry["by"] for entry in entries if entry["outcome"] == "done"} == {f"keys/{maker.id}"}
    assert {entry["origin"] for entry in entries} == {"127.0.0.1"}
    assert (entries[4]["plot"], entries[4]["share"]) == (plot, share)
    assert key not in str(entries)


def test_nobody_says_for_whom_they_ask_but_services(cloud: Cloud) -> None:
    key = cloud.key("ada")
    for headers in ({}, {"Bokeh-Cloud-Service": "bks_" + "0" * 38}, {"X-Forwarded-For": "6.6.6.6"}):
        forged = {"Bokeh-Cloud-Origin": "6.6.6.6", **headers}
        cloud.ask("POST", "/ada/keys", key, json={"name": "x"}, headers=forged)
    assert {entry["origin"] for entry in cloud.domain.audit.page("ada", "", 10)} == {"127.0.0.1"}


def test_behind_a_proxy_the_last_address_counts(storage: str, tmp_path: Any) -> None:
    cloud = Cloud(storage, tmp_path / "outbox", proxied=True)
    headers = {"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
    cloud.ask("POST", "/ada/keys", cloud.key("ada"), json={"name": "x"}, headers=headers)
    [entry] = cloud.domain.audit.page("ada", "", 10)
    assert entry["origin"] == "10.0.0.7"


def test_uploads_are_limited_by_account(storage: str, tmp_path: Any) -> None:
    cloud = Cloud(storage, tmp_path / "outbox", quota_uploads=3)
    key, others = cloud.key("ada"), cloud.key("bob")
    cloud.publish("ada", key, "one")
    data = bytes(8)
    chunk = blake3(data).hexdigest()
    first = cloud.ask("PUT", f"/ada/data/chunks/{chunk}", key, body=data)
    assert first.headers["ratelimit-policy"] == '"uploads";q=3;w=60'
    assert int(first.headers["ratelimit"].partition("r=")[2][0]) in {1, 2}  # plots may count by itself
    refused = [cloud.ask("PUT", f"/ada/data/chunks/{chunk}", cloud.key("ada"), body=data) for _ in range(3)]
    assert refused[-1].status_code == 429
    assert 0 < int(refused[-1].headers["retry-after"]) <= 60
    assert refused[-1].json["type"] == "/problems/too-many"
    assert cloud.ask("GET", "/ada/plots", key).status_code == 200
    assert cloud.ask("PUT", f"/bob/data/chunks/{chunk}", others, body=data).status_code == 201


def test_the_servers_own_bound_and_that_of_an_account(storage: str, tmp_path: Any) -> None:
    cloud = Cloud(storage, tmp_path / "outbox", quota_bytes=100)
    key = cloud.key("ada")
    cloud.upload("ada", key, b"x" * 80)
    data = b"y" * 30
    refused = cloud.ask("PUT", f"/ada/data/chunks/{blake3(data).hexdigest()}", key, body=data)
    assert (refused.status_code, refused.json["used"], refused.json["limit"]) == (403, 80, 100)
    cloud.domain.accounts.change("ada", max_bytes=110)
    assert cloud.ask("PUT", f"/ada/data/chunks/{blake3(data).hexdigest()}", key, body=data).status_code == 201
