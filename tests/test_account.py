"""One's own account, over all services of the cloud in this process."""

from typing import Any

import pytest
from falcon import testing

import embedded
from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.storage import open_records


class Cloud:
    """A cloud with accounts, and what its tests do with it."""

    def __init__(self, storage: str, outbox: Any) -> None:
        self.domain = Domain.on(Records(open_records(storage, "auth")))
        settings = Settings(storage, accounts=True, cacheable=False, outbox=outbox, quota_plots=10)
        self.client = testing.TestClient(embedded.create_app(storage, settings))

    def key(self, user: str, *scopes: str) -> str:
        return self.domain.keys.make(user, "x", scopes or list(SCOPES), None, frozenset(SCOPES))[1]

    def ask(self, method: str, path: str, key: str | None, **how: Any) -> Any:
        headers = {"Host": "localhost"} | ({"Authorization": f"Bearer {key}"} if key else {})
        return self.client.simulate_request(method, path, headers=headers, **how)


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> Cloud:
    cloud = Cloud(storage, tmp_path / "outbox")
    for name in ("ada", "bob"):
        cloud.domain.accounts.create(f"{name}@example.com", name)
    return cloud


def publish(cloud: Cloud, user: str, key: str, name: str) -> None:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": name}}
    body = {"name": name, "document": {"version": "3.9.2", "roots": [root]}}
    assert cloud.ask("POST", f"/{user}/store", key, json=body).status_code == 201


def test_what_it_is_and_what_it_has(cloud: Cloud) -> None:
    key = cloud.key("ada")
    publish(cloud, "ada", key, "one")
    publish(cloud, "ada", key, "two")
    created = cloud.domain.accounts.get("ada").created
    assert cloud.ask("GET", "/ada/account", key).json == {
        "username": "ada",
        "email": "ada@example.com",
        "created": created,
        "quota": {"bytes": None, "plots": 10},
        "used": {"plots": 2, "sources": 0, "bytes": 0},
    }
    assert cloud.ask("GET", "/bob/account", key).status_code == 404
    assert cloud.ask("GET", "/ada/account", cloud.key("ada", "plots:read")).status_code == 403


def test_a_keyless_cloud_has_one_account(storage: str) -> None:
    client = testing.TestClient(embedded.create_app(storage))
    found = client.simulate_get("/local/account", headers={"Host": "localhost"}).json
    assert (found["username"], found["email"]) == ("local", None)
    assert found["quota"] == {"bytes": None, "plots": None}


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
