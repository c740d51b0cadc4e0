"""Each limit that an operator can set rejects what exceeds it, on a cloud with low limits."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.documents import column_reference, nested_lists
from tests.support.embedded_server import one_process

ROOT = {"type": "object", "name": "Div", "id": "1"}
LIMITS = {
    "DEPTH": 20,
    "OBJECTS": 5,
    "COLUMNS": 2,
    "SOURCES": 1,
    "EXTENSIONS": 1,
    "IDS": 3,
    "NAME_LENGTH": 8,
    "TITLE_LENGTH": 10,
    "DOCUMENT_BYTES": 20_000,
    "VERSIONS": 2,
    "CHUNK_BYTES": 1000,
    "JSON_BYTES": 40_000,
    "PACKED_BYTES": 3000,
    "FILE_BYTES": 4000,
    "SOURCE_NAME_LENGTH": 12,
    "COLUMN_NAME_LENGTH": 12,
    "CHUNKS_ASKED": 3,
    "COLUMNS_ASKED": 500,
}
PACKED = "application/vnd.bokeh-cloud.packed"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the account of a cloud with low limits."""
    environ = {f"BOKEH_CLOUD_MAX_{name}": str(value) for name, value in LIMITS.items()}
    with one_process(f"local://{tmp_path_factory.mktemp('small')}", output=None, **environ) as url:
        yield f"{url}/local"


def document(*roots: Any) -> dict[str, Any]:
    return {"name": "small", "document": {"version": "3.9.2", "roots": [*roots]}}


def tagged(tags: Any) -> dict[str, Any]:
    return document({**ROOT, "attributes": {"tags": tags}})


def column_references(count: int) -> list[Any]:
    return [column_reference(f"{number:064}") for number in range(count)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(tagged(nested_lists(30)), 422, id="depth"),
        pytest.param(document(*[ROOT] * 6), 413, id="objects"),
        pytest.param(tagged(column_references(3)), 413, id="columns"),
        pytest.param({**document(ROOT), "sources": [{"id": "a"}] * 2}, 413, id="sources"),
        pytest.param({**document(ROOT), "extensions": ["", ""]}, 413, id="extensions"),
        pytest.param({**document(ROOT), "name": "x" * 9}, 422, id="name"),
        pytest.param({**document(ROOT), "title": "x" * 11}, 422, id="title"),
        pytest.param(tagged("x" * 20_000), 413, id="document"),
    ],
)
def test_limits_of_publications(account: str, body: dict[str, Any], status: int) -> None:
    check(requests.post(f"{account}/store", json=body, timeout=30), status)
    assert requests.post(f"{account}/store", json=document(ROOT), timeout=30).ok


def test_the_limit_of_models_in_a_request(account: str) -> None:
    plot = requests.post(f"{account}/store", json=document(ROOT), timeout=30).json()["id"]
    ids = [f"{plot}.{number}" for number in range(4)]
    assert requests.get(f"{account}/objects/{','.join(ids[:3])}", timeout=30).ok
    check(requests.get(f"{account}/objects/{','.join(ids)}", timeout=30), 413)


def test_the_limit_of_versions(account: str) -> None:
    for number in range(4):
        body = {**tagged([number]), "name": "kept"}
        plot = requests.post(f"{account}/store", json=body, timeout=30).json()["id"]
    versions = requests.get(f"{account}/plots/{plot}/versions", timeout=30).json()["versions"]
    assert [version["version"] for version in versions] == [4, 3]


@pytest.mark.parametrize(
    ("method", "path", "kind", "size"),
    [
        pytest.param("PUT", f"data/chunks/{0:064}", "application/octet-stream", 1001, id="chunk"),
        pytest.param("POST", "data", "application/json", 40_001, id="json"),
        pytest.param("POST", "data", PACKED, 3001, id="packed"),
        pytest.param("POST", "data?name=file", "text/csv", 4001, id="file"),
    ],
)
def test_limits_of_uploads(account: str, method: str, path: str, kind: str, size: int) -> None:
    headers = {"Content-Type": kind}
    response = requests.request(method, f"{account}/{path}", data=b" " * size, headers=headers, timeout=30)
    check(response, 413)
    response = requests.request(method, f"{account}/{path}", data=b" " * 999, headers=headers, timeout=30)
    assert response.status_code in {400, 422}


def source(name: str = "small", *columns: str) -> dict[str, Any]:
    return {"name": name, "live": True, "columns": {column: [1.0] for column in columns}}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("data", source("x" * 13, "y"), 422, id="name"),
        pytest.param("data", source("small", "x" * 13), 422, id="name of a column"),
        pytest.param("data", source("small", "x", "y", "z"), 413, id="columns"),
        pytest.param(
            "data/chunks/missing", {"chunks": [f"{i:064}" for i in range(4)]}, 413, id="chunks in a request"
        ),
        pytest.param(
            "data/columns", {"columns": [f"{i:064}" for i in range(501)]}, 413, id="columns in a request"
        ),
    ],
)
def test_limits_of_data_sources(account: str, path: str, body: dict[str, Any], status: int) -> None:
    check(requests.post(f"{account}/{path}", json=body, timeout=30), status)
    assert requests.post(f"{account}/data", json=source("x" * 12, "x", "y" * 12), timeout=30).ok
    allowed = {"chunks": [f"{i:064}" for i in range(3)]}
    assert requests.post(f"{account}/data/chunks/missing", json=allowed, timeout=30).ok


@pytest.mark.parametrize(
    ("file", "status"), [("x,y\n1,2\n", 201), ("x,y,z\n1,2,3\n", 413), (f"{'x' * 13}\n1\n", 422)]
)
def test_limits_of_files(account: str, file: str, status: int) -> None:
    headers = {"Content-Type": "text/csv"}
    response = requests.post(f"{account}/data?name=file", data=file, headers=headers, timeout=30)
    if status < 400:
        assert response.status_code == status
    else:
        check(response, status)


def check(response: requests.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert len(response.json()["detail"]) > 20
