"""The routes of one's own account: usage, quota, audit log and rate limits."""

from typing import Any

import pytest
from blake3 import blake3
from falcon import testing

from bokeh_cloud_server import embedded
from tests.support.account_cloud import AccountCloud
from tests.support.paging import follow_pages


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> AccountCloud:
    return AccountCloud(storage, tmp_path / "outbox", quota_plots=10)


def test_an_account_is_described_with_its_usage_and_quota(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    cloud.publish("ada", key, "one")
    cloud.publish("ada", key, "two")
    cloud.upload("ada", key, b"12345678")
    created = cloud.domain.accounts.get("ada").created
    found = cloud.request("GET", "/ada/account", key).json
    used = found.pop("used")
    assert found == {
        "username": "ada",
        "email": "ada@example.com",
        "created": created,
        "quota": {"bytes": None, "plots": 10, "uploads": 6000},
    }
    assert (used["plots"], used["sources"]) == (2, 1)
    assert 8 + 128 < used["bytes"] < 20_000  # with manifests and records
    assert cloud.request("GET", "/bob/account", key).status_code == 404
    assert cloud.request("GET", "/ada/account", cloud.make_key("ada", "plots:read")).status_code == 403


def test_a_cloud_without_accounts_has_one_account(storage: str) -> None:
    client = testing.TestClient(embedded.create_app(storage))
    found = client.simulate_get("/local/account", host="localhost").json
    assert (found["username"], found["email"]) == ("local", None)
    assert found["quota"] == {"bytes": None, "plots": None, "uploads": None}
    assert client.simulate_get("/local/account/export", host="localhost").status_code == 200
    assert client.simulate_delete("/local/account?confirm=local", host="localhost").status_code == 403


def test_the_audit_log_is_paged_and_only_for_its_owner(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    for name in ("first", "second"):
        assert cloud.request("POST", "/ada/keys", key, json={"name": name}).status_code == 201
    pages = list(follow_pages(lambda path: cloud.request("GET", path, key), "/ada/audit?limit=1"))
    entries = [entry for page in pages for entry in page.json["entries"]]
    assert [entry["action"] for entry in entries] == ["keys.make", "keys.make"]
    assert not [page for page in pages if key in page.text]
    assert cloud.request("GET", "/bob/audit", key).status_code == 404
    assert cloud.request("GET", "/ada/audit", cloud.make_key("ada", "account")).status_code == 403


def test_the_audit_log_has_the_action_the_key_and_the_client_address(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    [maker] = cloud.domain.keys.page("ada", "", 10)
    plot = cloud.publish("ada", key, "one")
    share = cloud.request("POST", f"/ada/plots/{plot}/shares", key, json={}).json["id"]
    cloud.request("DELETE", f"/ada/plots/{plot}/shares/{share}", key)
    poor = cloud.make_key("ada", "keys:write")
    cloud.request("POST", "/ada/keys", poor, json={"name": "more", "scopes": ["plots:read"]})
    cloud.request("GET", "/ada/account/export", key)
    cloud.request("DELETE", f"/ada/keys/{maker.id}", key)
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


def test_a_forged_client_address_is_ignored(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    for headers in ({}, {"Bokeh-Cloud-Service": "bks_" + "0" * 38}, {"X-Forwarded-For": "6.6.6.6"}):
        forged = {"Bokeh-Cloud-Origin": "6.6.6.6", **headers}
        cloud.request("POST", "/ada/keys", key, json={"name": "x"}, headers=forged)
    assert {entry["origin"] for entry in cloud.domain.audit.page("ada", "", 10)} == {"127.0.0.1"}


def test_behind_a_proxy_the_last_forwarded_address_is_used(storage: str, tmp_path: Any) -> None:
    cloud = AccountCloud(storage, tmp_path / "outbox", proxied=True)
    headers = {"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
    cloud.request("POST", "/ada/keys", cloud.make_key("ada"), json={"name": "x"}, headers=headers)
    [entry] = cloud.domain.audit.page("ada", "", 10)
    assert entry["origin"] == "10.0.0.7"


def test_an_upload_rate_limit_of_zero_is_none(storage: str, tmp_path: Any) -> None:
    cloud = AccountCloud(storage, tmp_path / "outbox", quota_uploads=0)
    assert cloud.publish("ada", cloud.make_key("ada"), "one")


def test_the_upload_rate_limit_is_per_account(storage: str, tmp_path: Any) -> None:
    cloud = AccountCloud(storage, tmp_path / "outbox", quota_uploads=3)
    key, others = cloud.make_key("ada"), cloud.make_key("bob")
    cloud.publish("ada", key, "one")
    data = bytes(8)
    chunk = blake3(data).hexdigest()
    first = cloud.request("PUT", f"/ada/data/chunks/{chunk}", key, body=data)
    assert first.headers["ratelimit-policy"] == '"uploads";q=3;w=60'
    assert int(first.headers["ratelimit"].partition("r=")[2][0]) in {1, 2}  # plots may count separately
    rejected = [
        cloud.request("PUT", f"/ada/data/chunks/{chunk}", cloud.make_key("ada"), body=data) for _ in range(3)
    ]
    assert rejected[-1].status_code == 429
    assert 0 < int(rejected[-1].headers["retry-after"]) <= 60
    assert rejected[-1].json["type"] == "/problems/too-many"
    assert cloud.request("GET", "/ada/plots", key).status_code == 200
    assert cloud.request("PUT", f"/bob/data/chunks/{chunk}", others, body=data).status_code == 201


def test_the_quota_of_an_account_overrides_that_of_the_server(storage: str, tmp_path: Any) -> None:
    data = b"y" * 1000
    cloud = AccountCloud(storage, tmp_path / "outbox", quota_bytes=1500)
    key = cloud.make_key("ada")
    cloud.upload("ada", key, b"x" * 80)
    used = cloud.request("GET", "/ada/account", key).json["used"]["bytes"]
    rejected = cloud.request("PUT", f"/ada/data/chunks/{blake3(data).hexdigest()}", key, body=data)
    assert (rejected.status_code, rejected.json["used"], rejected.json["limit"]) == (403, used, 1500)
    cloud.domain.accounts.change("ada", max_bytes=used + len(data) + 128)  # 128 for its record
    assert (
        cloud.request("PUT", f"/ada/data/chunks/{blake3(data).hexdigest()}", key, body=data).status_code
        == 201
    )
