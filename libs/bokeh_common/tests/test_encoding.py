"""Packed bodies."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import falcon
import pytest
from backports import zstd
from falcon import testing

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.app import new_app
from bokeh_common.http.auth import OPEN, Authenticator
from bokeh_common.http.body import read_json
from bokeh_common.http.encoding import decoded
from bokeh_common.http.operations import Operation
from bokeh_common.http.replies import if_match, not_modified

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}
LONG = {"text": "abc" * 1000}
MIB = 1 << 20


class Things:
    access = {"GET": OPEN, "POST": OPEN, "PATCH": OPEN}
    describe = {"GET": Operation({200: dict[str, Any]})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if not not_modified(req, resp, "abc"):
            resp.media = LONG if not req.get_param("small") else {}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = read_json(req, MIB)

    def on_patch(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"if_match": if_match(req)}


class Stream:
    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.stream = self.blocks()

    def blocks(self) -> Iterator[bytes]:
        yield b'{"text": "'
        yield from (b"abc" for _ in range(1000))
        yield b'"}'


@pytest.fixture
def client() -> testing.TestClient:
    app = new_app(Authenticator(lambda token: None), {})
    app.add_route("/things", Things())
    app.add_route("/stream", Stream())
    return testing.TestClient(app)


@pytest.mark.parametrize("path", ["/things", "/stream"])
@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("*", "zstd"),
        ("gzip;q=1.0, zstd;q=0", "gzip"),
        ("br", None),
        ("", None),
        ("gzip;q=x", None),
    ],
)
def test_answers(client: testing.TestClient, path: str, accept: str, encoding: str | None) -> None:
    answer = client.simulate_get(path, headers={"Accept-Encoding": accept})
    assert answer.headers.get("content-encoding") == encoding
    body = UNPACK[encoding](answer.content) if encoding else answer.content
    assert json.loads(body) == LONG
    assert (len(answer.content) < 200) == (encoding is not None)
    assert "Accept-Encoding" in answer.headers["vary"]


def test_small_answers_stay(client: testing.TestClient) -> None:
    answer = client.simulate_get("/things?small=1", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == '"abc"'


def test_head_has_the_same_headers(client: testing.TestClient) -> None:
    how = {"Accept-Encoding": "gzip", "X-Request-Id": "1"}
    get, head = (client.simulate_request(m, "/things", headers=how) for m in ("GET", "HEAD"))
    assert head.headers == get.headers
    assert head.content == b""


def test_the_etag_of_a_packed_answer_is_another_one(client: testing.TestClient) -> None:
    packed = client.simulate_get("/things", headers={"Accept-Encoding": "zstd"})
    tag = packed.headers["etag"]
    assert tag == '"abc-zstd"'
    again = client.simulate_get("/things", headers={"Accept-Encoding": "zstd", "If-None-Match": tag})
    assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b"")
    plain = client.simulate_get("/things", headers={"If-None-Match": '"abc"'})
    assert (plain.status_code, plain.headers["etag"]) == (304, '"abc"')
    changed = client.simulate_patch("/things", headers={"If-Match": tag})
    assert changed.json == {"if_match": "abc"}


@pytest.mark.parametrize("encoding", PACK)
def test_requests(client: testing.TestClient, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    body = PACK[encoding](json.dumps(LONG).encode())
    assert client.simulate_post("/things", body=body, headers=headers).json == LONG
    for damaged in (body[:-3], body[:5], b"x" + body[1:], b"plain"):
        answer = client.simulate_post("/things", body=damaged, headers=headers)
        assert answer.status_code == 422, damaged
    both = body + PACK[encoding](b" ")
    assert client.simulate_post("/things", body=both, headers=headers).json == LONG


def test_other_encodings(client: testing.TestClient) -> None:
    headers = {"Content-Encoding": "br", "Content-Type": "application/json"}
    answer = client.simulate_post("/things", body=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, zstd")


@pytest.mark.parametrize("encoding", PACK)
def test_bombs(client: testing.TestClient, encoding: str) -> None:
    bomb = PACK[encoding](bytes(200 * MIB))
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    tracemalloc.start()
    answer = client.simulate_post("/things", body=bomb, headers=headers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, answer.json["limit"]) == (413, MIB)
    assert peak < 12 * MIB


@pytest.mark.parametrize("encoding", PACK)
def test_unpacking_is_exact_however_the_blocks_are_cut(encoding: str) -> None:
    data = bytes(range(256)) * 20_000
    packed = PACK[encoding](data)
    for size in (1, 7, len(packed)):
        blocks = [packed[i : i + size] for i in range(0, len(packed), size)]
        assert b"".join(decoded(blocks, encoding, len(data))) == data
    with pytest.raises(TooLarge):
        list(decoded([packed], encoding, len(data) - 1))
    with pytest.raises(Invalid):
        list(decoded([packed[:-1]], encoding, len(data)))


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.1", 200),
        ("text/html, */*;q=0.8", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ],
)
def test_what_is_accepted(client: testing.TestClient, accept: str, status: int) -> None:
    answer = client.simulate_get("/things", headers={"Accept": accept})
    assert answer.status_code == status
    if status == 406:
        assert answer.json["type"] == "/problems/not-acceptable"
        assert "application/json" in answer.json["detail"]
