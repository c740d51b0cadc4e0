"""Limits that an operator sets: each is crossed on a running cloud whose limits are small."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.conftest import one_process

ROOT = {"type": "object", "name": "Div", "id": "1"}
SET = {
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
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a cloud with small limits, up to the account."""
    environ = {f"BOKEH_CLOUD_MAX_{name}": str(value) for name, value in SET.items()}
    with one_process(f"local://{tmp_path_factory.mktemp('small')}", output=None, **environ) as url:
        yield f"{url}/local"


def document(*roots: Any) -> dict[str, Any]:
    return {"name": "small", "document": {"version": "3.9.2", "roots": [*roots]}}


def tagged(tags: Any) -> dict[str, Any]:
    return document({**ROOT, "attributes": {"tags": tags}})


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def leaves(count: int) -> list[Any]:
    return [{"type": "bytes", "data": {"id": f"{number:064}"}} for number in range(count)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(tagged(nested(30)), 422, id="depth"),
        pytest.param(document(*[ROOT] * 6), 413, id="objects"),
        pytest.param(tagged(leaves(3)), 413, id="columns"),
        pytest.param({**document(ROOT), "sources": [{"id": "a"}] * 2}, 413, id="sources"),
        pytest.param({**document(ROOT), "extensions": ["", ""]}, 413, id="extensions"),
        pytest.param({**document(ROOT), "name": "x" * 9}, 422, id="name"),
        pytest.param({**document(ROOT), "title": "x" * 11}, 422, id="title"),
        pytest.param(tagged("x" * 20_000), 413, id="document"),
    ],
)
def test_what_is_published(small: str, body: dict[str, Any], status: int) -> None:
    check(requests.post(f"{small}/store", json=body, timeout=30), status)
    assert requests.post(f"{small}/store", json=document(ROOT), timeout=30).ok


def test_what_is_asked_for_at_once(small: str) -> None:
    plot = requests.post(f"{small}/store", json=document(ROOT), timeout=30).json()["id"]
    ids = [f"{plot}.{number}" for number in range(4)]
    assert requests.get(f"{small}/objects/{','.join(ids[:3])}", timeout=30).ok
    check(requests.get(f"{small}/objects/{','.join(ids)}", timeout=30), 413)


def test_versions_that_are_kept(small: str) -> None:
    for number in range(4):
        body = {**tagged([number]), "name": "kept"}
        plot = requests.post(f"{small}/store", json=body, timeout=30).json()["id"]
    versions = requests.get(f"{small}/plots/{plot}/versions", timeout=30).json()["versions"]
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
def test_what_is_uploaded(small: str, method: str, path: str, kind: str, size: int) -> None:
    headers = {"Content-Type": kind}
    answer = requests.request(method, f"{small}/{path}", data=b" " * size, headers=headers, timeout=30)
    check(answer, 413)
    answer = requests.request(method, f"{small}/{path}", data=b" " * 999, headers=headers, timeout=30)
    assert answer.status_code in {400, 422}


def source(name: str = "small", *columns: str) -> dict[str, Any]:
    return {"name": name, "live": True, "columns": {column: [1.0] for column in columns}}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("data", source("x" * 13, "y"), 422, id="name"),
        pytest.param("data", source("small", "x" * 13), 422, id="name of a column"),
        pytest.param("data", source("small", "x", "y", "z"), 413, id="columns"),
        pytest.param(
            "data/chunks/missing", {"chunks": [f"{i:064}" for i in range(4)]}, 413, id="chunks asked"
        ),
        pytest.param("data/columns", {"columns": [f"{i:064}" for i in range(501)]}, 413, id="columns asked"),
    ],
)
def test_data_sources(small: str, path: str, body: dict[str, Any], status: int) -> None:
    check(requests.post(f"{small}/{path}", json=body, timeout=30), status)
    assert requests.post(f"{small}/data", json=source("x" * 12, "x", "y" * 12), timeout=30).ok
    fitting = {"chunks": [f"{i:064}" for i in range(3)]}
    assert requests.post(f"{small}/data/chunks/missing", json=fitting, timeout=30).ok


@pytest.mark.parametrize(
    ("file", "status"), [("x,y\n1,2\n", 201), ("x,y,z\n1,2,3\n", 413), (f"{'x' * 13}\n1\n", 422)]
)
def test_files(small: str, file: str, status: int) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = requests.post(f"{small}/data?name=file", data=file, headers=headers, timeout=30)
    if status < 400:
        assert answer.status_code == status
    else:
        check(answer, status)


def check(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20
