"""Keys, files and addresses of the storage are in no message that a client gets."""

import ast
import re
import shutil
from pathlib import Path

import pytest

import bokeh_common.storage
from bokeh_common.errors import CloudError
from bokeh_common.http.client.service_client import ServiceUnavailable
from bokeh_common.storage import failures, open_blobs, open_records
from bokeh_common.storage.local.records import LocalRecordStore
from tests.support.account_cloud import NAMESPACES, AccountCloud
from tests.support.documents import text_document

BACKENDS = Path(bokeh_common.storage.__file__).parent

#: What commands and the start of a process raise, for the operator only.
COMMANDS = ("__init__.py", "commands.py", "copy.py", "check.py", "account.py", "testing", "failures.py")

GENERAL = {"NotFound", "Conflict", "Unavailable", "TooLarge", "Invalid"}


def interpolating_calls(path: Path) -> list[str]:
    """Return the calls of general errors in a module with a message that has values."""
    return [
        f"{path.name}:{call.lineno}"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in GENERAL
        and any(isinstance(part, ast.Attribute | ast.Name) and _is_secret(part) for part in ast.walk(call))
    ]


def _is_secret(part: ast.Attribute | ast.Name) -> bool:
    name = part.attr if isinstance(part, ast.Attribute) else part.id
    return re.search(r"key|path|root|_name$|address|url|folder|error", name) is not None


def test_errors_of_backends_have_a_public_message() -> None:
    modules = [path for path in BACKENDS.rglob("*.py") if not {*path.parts} & {*COMMANDS}]
    assert len(modules) > 20
    assert [call for path in modules for call in interpolating_calls(path)] == []


@pytest.mark.parametrize(
    "kind",
    [
        failures.ObjectNotFound,
        failures.ObjectChanged,
        failures.StorageUnavailable,
        failures.InvalidKey,
        ServiceUnavailable,
    ],
)
def test_clients_get_the_public_message(kind: type[CloudError]) -> None:
    error = kind("There is no record 'plots/ada/1'.")
    assert "plots/ada/1" in str(error)
    assert len(error.public_detail) > 20
    assert "ada" not in error.public_detail


def requests_of(cloud: AccountCloud, key: str, plot: str, source: str, column: str) -> list[str]:
    """Send requests of all services, and return the details of those that fail."""
    paths = [
        "/ada/plots", f"/plots/{plot}/show", f"/plots/{plot}/embed", f"/ada/plots/{plot}",
        f"/ada/plots/{plot}/scene", f"/ada/plots/{plot}/versions", f"/ada/data/{source}",
        f"/ada/data/{source}.csv", f"/ada/data/{source}/versions", f"/ada/data/columns/{column}",
        "/ada/keys", "/ada/sessions", "/ada/account", "/whoami", "/ada/data",
    ]  # fmt: skip
    found = [cloud.request("GET", path, key) for path in paths]
    bodies = {
        "/ada/store": {"name": "two", "document": text_document("hello")},
        f"/ada/data/{source}/rows": {"rows": {"x": [1]}},
        "/ada/data": {"name": "new", "live": True, "columns": {"x": [1]}},
        "/login": {"email": "ada@example.com"},
        f"/ada/plots/{plot}/shares": {},
    }
    found += [cloud.request("POST", path, key, json=body) for path, body in bodies.items()]
    found += [cloud.request("DELETE", path, key) for path in (f"/ada/data/{source}", f"/ada/plots/{plot}")]
    return [response.text for response in found if response.status_code >= 400]


@pytest.mark.parametrize("damage", ["blobs", "records", "folder", "calls"])
def test_requests_to_a_damaged_storage_name_no_keys(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "storage"
    storage = f"local://{folder}"
    cloud = AccountCloud(storage, tmp_path / "outbox")
    key = cloud.make_key("ada")
    plot = cloud.publish("ada", key, "one")
    source = cloud.upload("ada", key, b"12345678", live=True)
    column = cloud.request("GET", f"/ada/data/{source}", key).json["columns"]["x"]["hash"]
    names = set(cloud.storage_keys("ada"))
    if damage == "calls":
        fail_every_call(monkeypatch, names)
    elif damage == "folder":
        for namespace in NAMESPACES[1:]:
            shutil.rmtree(next(folder.rglob(f"{namespace}*")), ignore_errors=True)
    else:
        delete_all(storage, damage, names)
    details = requests_of(cloud, key, plot, source, column)
    assert details
    public = {plot, source, column, "x", "ada"}
    for text in details:
        assert "/problems/" in text
        assert str(tmp_path) not in text
        assert [name for name in names - public if len(name) > 12 and name in text] == []


def delete_all(storage: str, kind: str, names: set[str]) -> None:
    """Delete all blobs, or all records but those of plots, behind the back of the services."""
    for namespace in NAMESPACES[1:]:
        store = open_blobs(storage, namespace) if kind == "blobs" else open_records(storage, namespace)
        for item in store.list(limit=10_000):
            names.add(item.key)
            if not item.key.startswith("plots/"):
                store.delete(item.key)


def fail_every_call(monkeypatch: pytest.MonkeyPatch, names: set[str]) -> None:
    """Let reads and writes of records fail as if another process had deleted or changed them."""

    def get(self: object, key: str) -> None:
        names.add(key)
        raise failures.record_not_found(key)

    def put(self: object, key: str, *args: object, **options: object) -> None:
        names.add(key)
        raise failures.StorageUnavailable(f"The record {key!r} cannot be stored now.")

    monkeypatch.setattr(LocalRecordStore, "get", get)
    monkeypatch.setattr(LocalRecordStore, "put", put)
