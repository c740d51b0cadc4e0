"""Calls the API by plain HTTP, without the client library."""

import struct
from dataclasses import dataclass
from typing import Any

import requests
from blake3 import blake3

from tests.support.documents import VERSION, column_reference

TIMEOUT = 30
CHUNK = 4 << 20  # bytes


@dataclass(frozen=True)
class Caller:
    """A program that sends requests with an API key of an account, or without both as a visitor.

    Attributes:
        url: the URL of the cloud.
        user: the username, or empty for a visitor.
        key: the API key, or None for a visitor.
    """

    url: str
    user: str = ""
    key: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request; `{user}` in the path stands for the username, and `options` are of `requests`."""
        headers = dict(headers or {})
        if token := key or self.key:
            headers["Authorization"] = f"Bearer {token}"
        url = self.url + path.replace("{user}", self.user)
        return requests.request(
            method, url, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options
        )

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that must succeed; return the JSON of the response, or None if it is empty."""
        response = self(method, path, **options)
        assert response.ok, (response.status_code, response.text)
        return response.json() if response.content else None

    def upload(self, *values: float) -> dict[str, Any]:
        """Upload a column of float64; return its manifest."""
        return self.column("float64", [len(values)], struct.pack(f"<{len(values)}d", *values))

    def column(self, dtype: str, shape: list[int], data: bytes) -> dict[str, Any]:
        """Upload the bytes of a column in chunks; return its manifest."""
        chunks = []
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            chunk = blake3(part).hexdigest()
            assert self("PUT", f"/{{user}}/data/chunks/{chunk}", data=part).status_code in {201, 204}
            chunks.append({"hash": chunk, "size": len(part)})
        return {"dtype": dtype, "shape": shape, "chunks": chunks}

    def source(self, *values: float) -> Any:
        """Commit a frozen data source with a column `y`; return its summary."""
        body = {"name": "numbers", "columns": {"y": self.upload(*values)}}
        return self.ok("POST", "/{user}/data", json=body)

    def live_source(self, *values: float, name: str = "live") -> Any:
        """Create a live source with a column `y`; return its summary."""
        body = {"name": name, "live": True, "columns": {"y": self.upload(*values)}}
        return self.ok("POST", "/{user}/data", json=body)

    def append(self, source: str, *values: float) -> Any:
        """Append rows to a live source with a column `y`; return its summary."""
        return self.ok("POST", f"/{{user}}/data/{source}/rows", json={"rows": {"y": list(values)}})

    def publish(self, name: str, *values: float, **options: Any) -> requests.Response:
        """Publish a plot of one column; a plot of this name and other values gets a new version."""
        return self("POST", "/{user}/store", json=publication(name, self.source(*values)), **options)

    def plot(self, name: str, *values: float) -> Any:
        """Publish a plot of one column, and return the plot."""
        response = self.publish(name, *values)
        assert response.status_code in {200, 201}, response.text
        return response.json()


def document(column: dict[str, Any], text: str = "") -> dict[str, Any]:
    """Return a scene with a root `p1` and a data source `p2`, whose `y` is a stored column."""
    array = {
        "type": "ndarray", "dtype": "float64", "shape": column["shape"], "order": "little",
        "array": column_reference(column["hash"]),
    }  # fmt: skip
    data = {"type": "map", "entries": [["y", array]]}
    source = {"type": "object", "name": "ColumnDataSource", "id": "p2", "attributes": {"data": data}}
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text, "tags": [source, "y"]}}
    return {"version": VERSION, "title": "A title", "roots": [root]}


def publication(name: str, source: Any, text: str = "") -> dict[str, Any]:
    """Return a publish request of a plot of the column `y` of a data source."""
    return {
        "name": name,
        "document": document(source["columns"]["y"], text),
        "sources": [{"model": "p2", "id": source["id"]}],
    }


def problem(response: requests.Response, status: int, kind: str) -> Any:
    """Check that a response is a problem with this status and slug, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    assert body["detail"]
    return body


def read_column(caller: Caller, name: str) -> tuple[float, ...]:
    """Return the values of a column of float64."""
    data = caller("GET", f"/{{user}}/data/columns/{name}").content
    return struct.unpack(f"<{len(data) // 8}d", data)
