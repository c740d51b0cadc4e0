"""Invalid input gets a problem that says what to do, and does not change the storage."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from blake3 import blake3

from bokeh_common.storage import open_blobs, open_records

ROOT = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": "hi"}}
DOCUMENT = {"version": "3.9.2", "title": "T", "roots": [ROOT]}
MISSING_HASH = "0" * 64
GIB = 1 << 30


class ZeroFile:
    """A file of zeros of any length, which takes no memory."""

    def __init__(self, size: int) -> None:
        self._left = size

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        block = bytes(min(self._left, size if size > 0 else 1 << 16))
        self._left -= len(block)
        return block


def stored_objects(storage: str) -> list[Any]:
    """Return all records of the services with their etags, and all blobs with their sizes.

    Credentials that expire are left out, since they are deleted in the background, and so is the hour when
    a key was last used.
    """
    found: list[Any] = []
    for service in ("auth", "plots", "data"):
        records = open_records(storage, service).list(limit=10_000)
        expiring = [record.value for record in records if record.value.get("expires")]
        ids = {value["id"] for value in expiring if "id" in value}
        for record in records:
            if record.value not in expiring and record.value.get("id") not in ids:
                key = record.key.startswith("keys/")
                value = {name: part for name, part in record.value.items() if not (key and name == "used")}
                found.append((record.key, value, None if key else record.etag))
        found += [(blob.key, blob.size) for blob in open_blobs(storage, service).list(limit=10_000)]
    return found


@pytest.fixture(autouse=True, scope="module")
def _storage_is_unchanged(cloud: str, cloud_storage: str) -> Iterator[None]:
    before = stored_objects(cloud_storage)
    yield
    assert stored_objects(cloud_storage) == before


def check(response: requests.Response, status: int, kind: str) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"/problems/{kind}"
    assert len(problem["detail"]) > 20
    return problem


def store(cloud: str, **body: Any) -> requests.Response:
    return requests.post(
        f"{cloud}/local/store", json={"name": "wrong", "document": DOCUMENT, **body}, timeout=30
    )


def test_invalid_json_is_rejected(cloud: str) -> None:
    headers = {"Content-Type": "application/json"}
    check(requests.post(f"{cloud}/local/store", data="{", headers=headers, timeout=30), 422, "not-json")


@pytest.mark.parametrize("title", [b"\xed\xa0\x80", b"\\ud800"])
def test_lone_surrogates_are_rejected(cloud: str, title: bytes) -> None:
    body = json.dumps({"name": "wrong", "document": {**DOCUMENT, "title": "TITLE"}}).encode()
    headers = {"Content-Type": "application/json"}
    body = body.replace(b"TITLE", title)
    check(requests.post(f"{cloud}/local/store", data=body, headers=headers, timeout=30), 422, "not-json")


def test_other_media_types_are_rejected(cloud: str) -> None:
    response = requests.post(
        f"{cloud}/local/store", data="{}", headers={"Content-Type": "text/plain"}, timeout=30
    )
    check(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("document", [None, 5, [], {}, {"version": "3.9.2"}, {**DOCUMENT, "roots": []}])
def test_an_invalid_document_is_rejected(cloud: str, document: Any) -> None:
    check(store(cloud, document=document), 422, "invalid-document")


def test_a_deeply_nested_document_is_rejected(cloud: str) -> None:
    text = json.dumps({"name": "x", "document": {**DOCUMENT, "roots": ["DEEP"]}})
    for levels in (300, 100_000):
        body = text.replace('"DEEP"', "[" * levels + "]" * levels)
        headers = {"Content-Type": "application/json"}
        response = requests.post(f"{cloud}/local/store", data=body, headers=headers, timeout=30)
        assert response.status_code == 422, response.text


def test_an_invalid_name_is_rejected(cloud: str) -> None:
    check(store(cloud, name="a/b"), 422, "invalid-name")


def test_a_scene_with_a_missing_column_is_rejected(cloud: str) -> None:
    root = {**ROOT, "attributes": {"tags": [{"type": "bytes", "data": {"id": MISSING_HASH}}]}}
    problem = check(store(cloud, document={**DOCUMENT, "roots": [root]}), 422, "missing-columns")
    assert problem["missing"] == [MISSING_HASH]


def test_a_missing_data_source_is_rejected(cloud: str) -> None:
    check(store(cloud, sources=[{"model": "p1", "id": "nothing"}]), 422, "missing-source")


def test_a_column_with_a_missing_chunk_is_rejected(cloud: str) -> None:
    column = {"dtype": "float64", "shape": [1], "chunks": [{"hash": MISSING_HASH, "size": 8}]}
    response = requests.post(f"{cloud}/local/data", json={"name": "d", "columns": {"x": column}}, timeout=30)
    assert check(response, 422, "missing-chunks")["missing"] == [MISSING_HASH]


def test_a_chunk_with_another_hash_is_rejected(cloud: str) -> None:
    response = requests.put(f"{cloud}/local/data/chunks/{MISSING_HASH}", data=b"something", timeout=30)
    check(response, 422, "hash-mismatch")


def send_unnormalised(method: str, url: str, body: bytes | None = None) -> int:
    """Send a request whose path is not normalised, as `requests` would do; return the status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, url.removeprefix(f"{parts.scheme}://{parts.netloc}"), body)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "name",
    ["..", "..x", "%2e%2e", "%252e%252e", "a" * 64 + "x", "%00", "a%2fb", "%C3%BC", "A" * 64, "x" * 10_000],
)
def test_a_chunk_whose_name_is_not_a_hash_is_rejected(cloud: str, name: str) -> None:
    assert send_unnormalised("PUT", f"{cloud}/local/data/chunks/{name}", b"x") in {404, 422}


@pytest.mark.parametrize("path", ["store", "data", f"data/chunks/{MISSING_HASH}"])
def test_a_body_of_a_gigabyte_is_rejected(cloud: str, path: str) -> None:
    method = "PUT" if "chunks" in path else "POST"
    headers = {"Content-Type": "application/json"}
    response = requests.request(
        method, f"{cloud}/local/{path}", data=ZeroFile(GIB), headers=headers, timeout=60
    )
    check(response, 413, "too-large")


def test_a_body_without_a_length_is_rejected(cloud: str) -> None:
    def blocks() -> Iterator[bytes]:
        yield from (bytes(1 << 16) for _ in range(GIB >> 16))

    headers = {"Content-Type": "application/json"}
    response = requests.post(f"{cloud}/local/store", data=blocks(), headers=headers, timeout=60)
    check(response, 411, "length-required")


def test_an_interrupted_upload_is_not_stored(cloud: str) -> None:
    data = b"complete"
    name = blake3(data).hexdigest()

    def interrupted() -> Iterator[bytes]:
        yield data[:2]
        raise InterruptedError

    session = requests.Session()
    request = session.prepare_request(
        requests.Request("PUT", f"{cloud}/local/data/chunks/{name}", data=interrupted())
    )
    request.headers.pop("Transfer-Encoding", None)
    request.headers["Content-Length"] = str(len(data))
    with pytest.raises((InterruptedError, requests.RequestException)):
        session.send(request, timeout=30)
    session.close()
    response = requests.post(f"{cloud}/local/data/chunks/missing", json={"chunks": [name]}, timeout=30)
    assert response.json() == {"missing": [name]}


@pytest.mark.parametrize("plot", ["..", "%2e%2e", "%00", "a%2Fb", "%C3%BC", "%FF", "x" * 10_000, "nothing"])
@pytest.mark.parametrize("rest", ["", "/scene", "/data"])
def test_invalid_ids_are_not_found(cloud: str, plot: str, rest: str) -> None:
    assert send_unnormalised("GET", f"{cloud}/local/plots/{plot}{rest}") in {404, 422}
