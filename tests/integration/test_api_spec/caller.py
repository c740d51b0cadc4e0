"""Who calls the API: plain HTTP, as a stranger would write it."""

import struct
from dataclasses import dataclass
from typing import Any

import requests
from blake3 import blake3

TIMEOUT = 30
CHUNK = 4 << 20  # bytes
VERSION = "3.9.2"


@dataclass(frozen=True)
class Caller:
    """Somebody with an account and a key; without both, a visitor."""

    url: str
    user: str = ""
    key: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> requests.Response:
        """Send a request; `{user}` in the path is the caller's own account."""
        sent = dict(headers or {})
        if token := key or self.key:
            sent["Authorization"] = f"Bearer {token}"
        address = self.url + path.replace("{user}", self.user)
        return requests.request(method, address, headers=sent, timeout=TIMEOUT, allow_redirects=False, **how)

    def ok(self, method: str, path: str, **how: Any) -> Any:
        """Send a request that must succeed, and return its JSON, None without."""
        answer = self(method, path, **how)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def upload(self, *values: float) -> dict[str, Any]:
        """Upload a column of float64 and return what a data source is told of it."""
        return self.column("float64", [len(values)], struct.pack(f"<{len(values)}d", *values))

    def column(self, dtype: str, shape: list[int], data: bytes) -> dict[str, Any]:
        """Upload the bytes of a column in chunks and return what a data source is told of it."""
        chunks = []
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            chunk = blake3(part).hexdigest()
            assert self("PUT", f"/{{user}}/data/chunks/{chunk}", data=part).status_code in {201, 204}
            chunks.append({"hash": chunk, "size": len(part)})
        return {"dtype": dtype, "shape": shape, "chunks": chunks}

    def source(self, *values: float) -> Any:
        """Commit a frozen data source with the column `y`."""
        body = {"name": "numbers", "columns": {"y": self.upload(*values)}}
        return self.ok("POST", "/{user}/data", json=body)

    def publish(self, name: str, *values: float, **how: Any) -> requests.Response:
        """Publish a plot of one column; other values make another version."""
        source = self.source(*values)
        body = {
            "name": name,
            "document": document(source["columns"]["y"]),
            "sources": [{"model": "p2", "id": source["id"]}],
        }
        return self("POST", "/{user}/store", json=body, **how)

    def plot(self, name: str, *values: float) -> Any:
        """Publish, and return the plot."""
        answer = self.publish(name, *values)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def document(column: dict[str, Any], text: str = "") -> dict[str, Any]:
    """Return a scene with a root `p1` and a data source `p2`, whose `y` is a stored column."""
    array = {
        "type": "ndarray", "dtype": "float64", "shape": column["shape"], "order": "little",
        "array": {"type": "bytes", "data": {"id": column["hash"]}},
    }  # fmt: skip
    data = {"type": "map", "entries": [["y", array]]}
    source = {"type": "object", "name": "ColumnDataSource", "id": "p2", "attributes": {"data": data}}
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text, "tags": [source]}}
    return {"version": VERSION, "title": "A title", "roots": [root]}


def problem(answer: requests.Response, status: int, kind: str) -> Any:
    """Return the problem that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    assert body["detail"]
    return body
