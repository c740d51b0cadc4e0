"""Compressed request and response bodies."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import falcon
import pytest
from backports import zstd
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.block_stream import BlockStream
from bokeh_common.http.middleware.compression import decode_body
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.request_body import read_json
from bokeh_common.http.responses import if_match, not_modified

from .open_app import new_open_app

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}
LONG = {"text": "abc" * 1000}
MIB = 1 << 20


class Things:
    access = {"GET": OPEN, "POST": OPEN, "PATCH": OPEN}
    describe = {"GET": Operation({200: dict[str, Any]})}

    async def on_get(self, req: Request, resp: Response) -> None:
        if not not_modified(req, resp, "abc"):
            resp.media = LONG if not req.get_param("small") else {}

    async def on_post(self, req: Request, resp: Response) -> None:
        resp.media = await read_json(req, MIB)

    async def on_patch(self, req: Request, resp: Response) -> None:
        resp.media = {"if_match": if_match(req)}


class Stream:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.stream = await BlockStream.start(self.blocks)

    def blocks(self) -> Iterator[bytes]:
        yield b'{"text": "'
        yield from (b"abc" for _ in range(1000))
        yield b'"}'


@pytest.fixture
def client() -> testing.TestClient:
    app = new_open_app()
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
def test_responses_are_compressed_as_accepted(
    client: testing.TestClient, path: str, accept: str, encoding: str | None
) -> None:
    response = client.simulate_get(path, headers={"Accept-Encoding": accept})
    assert response.headers.get("content-encoding") == encoding
    body = DECOMPRESS[encoding](response.content) if encoding else response.content
    assert json.loads(body) == LONG
    assert (len(response.content) < 200) == (encoding is not None)
    assert "Accept-Encoding" in response.headers["vary"]


def test_small_responses_are_not_compressed(client: testing.TestClient) -> None:
    response = client.simulate_get("/things?small=1", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert response.headers["etag"] == '"abc"'


def test_head_has_the_headers_of_get(client: testing.TestClient) -> None:
    headers = {"Accept-Encoding": "gzip", "X-Request-Id": "1"}
    get, head = (client.simulate_request(m, "/things", headers=headers) for m in ("GET", "HEAD"))
    assert head.headers == get.headers
    assert head.content == b""


def test_the_etag_of_a_compressed_response_has_a_suffix(client: testing.TestClient) -> None:
    compressed = client.simulate_get("/things", headers={"Accept-Encoding": "zstd"})
    tag = compressed.headers["etag"]
    assert tag == '"abc-zstd"'
    again = client.simulate_get("/things", headers={"Accept-Encoding": "zstd", "If-None-Match": tag})
    assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b"")
    plain = client.simulate_get("/things", headers={"If-None-Match": '"abc"'})
    assert (plain.status_code, plain.headers["etag"]) == (304, '"abc"')
    weak = client.simulate_get("/things", headers={"If-None-Match": 'W/"abc"'})
    assert (weak.status_code, weak.content) == (304, b"")
    changed = client.simulate_patch("/things", headers={"If-Match": tag})
    assert changed.json == {"if_match": "abc"}


@pytest.mark.parametrize("encoding", COMPRESS)
def test_compressed_requests_are_decoded(client: testing.TestClient, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    body = COMPRESS[encoding](json.dumps(LONG).encode())
    assert client.simulate_post("/things", body=body, headers=headers).json == LONG
    for damaged in (body[:-3], body[:5], b"x" + body[1:], b"plain"):
        response = client.simulate_post("/things", body=damaged, headers=headers)
        assert response.status_code == 422, damaged
    both = body + COMPRESS[encoding](b" ")
    assert client.simulate_post("/things", body=both, headers=headers).json == LONG


def test_other_encodings_are_not_supported(client: testing.TestClient) -> None:
    headers = {"Content-Encoding": "br", "Content-Type": "application/json"}
    response = client.simulate_post("/things", body=b"{}", headers=headers)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip, zstd")


@pytest.mark.parametrize("encoding", COMPRESS)
def test_decompression_bombs_are_rejected_in_bounded_memory(
    client: testing.TestClient, encoding: str
) -> None:
    bomb = COMPRESS[encoding](bytes(200 * MIB))
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    tracemalloc.start()
    response = client.simulate_post("/things", body=bomb, headers=headers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (response.status_code, response.json["limit"]) == (413, MIB)
    assert peak < 12 * MIB


@pytest.mark.parametrize("encoding", COMPRESS)
def test_decoding_does_not_depend_on_the_blocks(encoding: str) -> None:
    data = bytes(range(256)) * 20_000
    compressed = COMPRESS[encoding](data)
    for size in (1, 7, len(compressed)):
        blocks = [compressed[i : i + size] for i in range(0, len(compressed), size)]
        assert b"".join(decode_body(blocks, encoding, len(data))) == data
    with pytest.raises(TooLarge):
        list(decode_body([compressed], encoding, len(data) - 1))
    with pytest.raises(Invalid):
        list(decode_body([compressed[:-1]], encoding, len(data)))


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
def test_accept_is_negotiated(client: testing.TestClient, accept: str, status: int) -> None:
    response = client.simulate_get("/things", headers={"Accept": accept})
    assert response.status_code == status
    if status == 406:
        assert response.json["type"] == "/problems/not-acceptable"
        assert "application/json" in response.json["detail"]
