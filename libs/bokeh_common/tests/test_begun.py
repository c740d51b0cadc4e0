"""Streams that fail before their first block, and those that end early."""

import gzip
import json
from collections.abc import Iterator

import falcon
import pytest
from falcon import testing

from bokeh_common.errors import Unavailable
from bokeh_common.http.app import new_app
from bokeh_common.http.auth import OPEN, Authenticator


class Stream:
    """Says how long its bytes are and which they are; its storage is down until `blocks` are given."""

    access = {"GET": OPEN}
    blocks: tuple[bytes, ...] = ()
    closed = False

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.etag = "abc"
        resp.set_header("Cache-Control", "private, max-age=31536000, immutable")
        resp.set_stream(self._read(), 123456)

    def _read(self) -> Iterator[bytes]:
        try:
            if not self.blocks:
                raise Unavailable("The storage does not answer.")
            yield from self.blocks
        finally:
            self.closed = True


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def app(stream: Stream) -> falcon.App:  # type: ignore[type-arg]  # generic in the stubs only
    app = new_app(Authenticator(lambda token: None), {})
    app.add_route("/stream", stream)
    return app


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_failure_before_the_first_block_is_an_error_like_any(
    app: "falcon.App[falcon.Request, falcon.Response]", encoding: str
) -> None:
    answer = testing.TestClient(app).simulate_get("/stream", headers={"Accept-Encoding": encoding})
    assert answer.status_code == 503
    assert answer.json["type"] == "/problems/unavailable"
    assert answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "ETag" not in answer.headers


def test_blocks_come_whole_packed_or_not(
    app: "falcon.App[falcon.Request, falcon.Response]", stream: Stream
) -> None:
    stream.blocks = (b'{"a":', b"1}")
    client = testing.TestClient(app)
    plain = client.simulate_get("/stream", headers={"Accept-Encoding": "identity"})
    packed = client.simulate_get("/stream", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(packed.content)) == plain.json == {"a": 1}


def test_what_a_stream_holds_is_let_go_of_when_the_client_leaves(
    app: "falcon.App[falcon.Request, falcon.Response]", stream: Stream
) -> None:
    stream.blocks = (b"1", b"2", b"3")
    body = app(testing.create_environ("/stream"), lambda *args: lambda data: None)
    assert next(iter(body)) == b"1"
    assert not stream.closed
    body.close()  # type: ignore[attr-defined]  # as PEP 3333 has servers do
    assert stream.closed
