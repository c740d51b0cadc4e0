"""A cloud in memory behind real HTTP, which implements the documented API independently of the client."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from blake3 import blake3

SIZES = {
    **dict.fromkeys(("bool", "int8", "uint8", "packed"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    "float64": 8,
}
NOW = "2026-01-02T03:04:05Z"


#: Status, body and headers of a response.
Response = tuple[int, Any, dict[str, str]]


class Problem(Exception):
    def __init__(self, status: int, slug: str, detail: str = "", **members: Any):
        super().__init__(slug)
        title = slug.replace("-", " ").capitalize()
        self.status = status
        self.body = {
            "type": f"/problems/{slug}",
            "title": title,
            "status": status,
            "detail": detail,
            **members,
        }


def hash_of(data: bytes) -> str:
    return blake3(data).hexdigest()


class InMemoryCloud:
    """The state of the server, and counts of requests. `before_request` is called first, and may raise."""

    def __init__(self, apikey: str | None = None, page: int = 2):
        self.apikey = apikey
        self.page = page
        self.chunks: dict[str, bytes] = {}
        self.columns: dict[str, bytes] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.plots: dict[str, dict[str, Any]] = {}
        self.requests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.before_request: Callable[[str, str], None] = lambda method, path: None
        self.routes = ROUTES
        self.url = ""
        self._lock = threading.Lock()

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        path = unquote(urlsplit(target).path)
        with self._lock:
            self.requests[f"{method} {re.sub('[0-9a-f]{64}', 'HASH', path)}"] += 1
            self.headers.append(headers)
            self.before_request(method, path)
            if self.apikey and headers.get("authorization") != f"Bearer {self.apikey}":
                raise Problem(401, "unauthorized", "The API key is missing or unknown.")
            for route_method, pattern, handler in self.routes:
                match = re.fullmatch(pattern, path)
                if route_method == method and match:
                    return handler(self, *match.groups(), query=parse_qs(urlsplit(target).query), body=body)
        raise Problem(404, "not-found")

    def whoami(self, **_: Any) -> Response:
        return 200, {"user_id": "local", "scopes": [], "keyless": self.apikey is None}, {}

    def missing(self, *, body: bytes, **_: Any) -> Response:
        hashes = json.loads(body)["chunks"]
        assert len(hashes) <= 10_000
        return 200, {"missing": [name for name in hashes if name not in self.chunks]}, {}

    def put_chunk(self, name: str, *, body: bytes, **_: Any) -> Response:
        if hash_of(body) != name:
            raise Problem(422, "hash-mismatch")
        known = name in self.chunks
        self.chunks[name] = body
        return 204 if known else 201, None, {}

    def create_source(self, *, body: bytes, **_: Any) -> Response:
        request = json.loads(body)
        summary = {name: self._column(manifest) for name, manifest in request["columns"].items()}
        named = sorted((name, column["hash"]) for name, column in summary.items())
        source_id = hash_of(json.dumps(named).encode())[:16]
        known = source_id in self.sources
        self.sources[source_id] = {"id": source_id, "name": request["name"], "version": 1, "columns": summary}
        return 200 if known else 201, self.sources[source_id], {}

    def _column(self, manifest: dict[str, Any]) -> dict[str, Any]:
        names = [chunk["hash"] for chunk in manifest["chunks"]]
        missing = [name for name in names if name not in self.chunks]
        if missing:
            raise Problem(422, "missing-chunks", missing=missing)
        data = b"".join(self.chunks[name] for name in names)
        items = 1
        for length in manifest["shape"]:
            items *= length
        sizes = [len(self.chunks[name]) for name in names]
        if len(data) != items * SIZES[manifest["dtype"]] or sizes != [c["size"] for c in manifest["chunks"]]:
            raise Problem(422, "invalid-column")
        canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        self.columns[hash_of(canonical)] = data
        return {**manifest, "hash": hash_of(canonical), "size": len(data)}

    def read_columns(self, *, body: bytes, **_: Any) -> Response:
        found = [self.columns[name] for name in json.loads(body)["columns"]]
        return 200, b"".join(len(data).to_bytes(8, "little") + data for data in found), {}

    def store(self, *, body: bytes, **_: Any) -> Response:
        request = json.loads(body)
        known = {c["hash"] for s in request["sources"] for c in self.sources[s["id"]]["columns"].values()}
        missing = [
            name
            for name in re.findall(r'"([0-9a-f]{64})"', json.dumps(request["document"]))
            if name not in known
        ]
        if missing:
            raise Problem(422, "missing-columns", missing=missing)
        before = self.plots.get(request["name"])
        content = (canonical(request["document"]), request["bundles"], request["extensions"])
        unchanged = before is not None and before["content"] == content
        versions = before["versions"] if before else []
        if not unchanged:
            versions = [*versions, request]
        plot = {
            "name": request["name"],
            "title": request.get("title"),
            "content": content,
            "versions": versions,
        }
        self.plots[request["name"]] = plot
        return 200 if before else 201, {**self._summary(plot), "unchanged": unchanged}, {}

    def list_plots(self, *, query: dict[str, list[str]], **_: Any) -> Response:
        names = [name for name in sorted(self.plots) if name > query.get("after", [""])[0]]
        listed, rest = names[: self.page], names[self.page :]
        link = {"Link": f'<{self.url}/local/plots?after={listed[-1]}>; rel="next"'} if rest else {}
        return 200, {"plots": [self._summary(self.plots[name]) for name in listed]}, link

    def scene(self, plot_id: str, *, query: dict[str, list[str]], **_: Any) -> Response:
        (plot,) = [plot for plot in self.plots.values() if self._summary(plot)["id"] == plot_id]
        return 200, plot["versions"][int(query["version"][0]) - 1]["document"], {}

    def _summary(self, plot: dict[str, Any]) -> dict[str, Any]:
        plot_id = hash_of(plot["name"].encode())[:8]
        return {
            "id": plot_id,
            "name": plot["name"],
            "title": plot["title"],
            "user_id": "local",
            "version": len(plot["versions"]),
            "visibility": "private",
            "created": NOW,
            "modified": NOW,
            "show": f"/plots/{plot_id}/show",
            "embed": f"/plots/{plot_id}/embed",
        }


ROUTES: list[tuple[str, str, Callable[..., Response]]] = [
    ("GET", "/whoami", InMemoryCloud.whoami),
    ("POST", "/local/data/chunks/missing", InMemoryCloud.missing),
    ("PUT", "/local/data/chunks/([0-9a-f]{64})", InMemoryCloud.put_chunk),
    ("POST", "/local/data", InMemoryCloud.create_source),
    ("POST", "/local/data/columns", InMemoryCloud.read_columns),
    ("POST", "/local/store", InMemoryCloud.store),
    ("GET", "/local/plots", InMemoryCloud.list_plots),
    ("GET", "/local/plots/([0-9a-f]+)/scene", InMemoryCloud.scene),
]


def canonical(scene: Any) -> str:
    """Return a scene with model ids replaced by numbers, since Bokeh gives equal figures different ids."""
    ids: dict[str, str] = {}
    return re.sub(r'"p\d+"', lambda match: ids.setdefault(match[0], f'"{len(ids)}"'), json.dumps(scene))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # sends one packet per response; a second one would be delayed by 40 ms
    cloud: InMemoryCloud

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, content, extra = self.cloud.respond(self.command, self.path, headers, body)
        except Problem as problem:
            status, content, extra = problem.status, problem.body, {}
        data = (
            content
            if isinstance(content, bytes)
            else b""
            if content is None
            else json.dumps(content).encode()
        )
        self.send_response(status)
        length = {} if status == 204 else {"Content-Length": str(len(data))}
        for name, value in {"Set-Cookie": "a=b", **length, **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = handle_any  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so is this one
        """Log nothing."""


@contextmanager
def listening(cloud: InMemoryCloud, handler: type[Handler] = Handler) -> Iterator[str]:
    bound = type("Bound", (handler,), {"cloud": cloud})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        cloud.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield cloud.url
        finally:
            server.shutdown()
            thread.join()
