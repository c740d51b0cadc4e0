"""No request body takes more than `MAX_GROWTH` of the server's memory, on any route that takes one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from backports import zstd

from bokeh_common.http.json_memory import MAX_BYTES, estimate_memory
from bokeh_data.queries.output_formats import PACKED_TYPE
from tests.integration.test_api_spec.caller import Caller
from tests.integration.test_memory import growth
from tests.support.embedded_server import one_process

MAX_GROWTH = 256 << 20  # bytes
MAX_BODY = (64 << 20) - 100_000  # bytes that a body may contain after decompression
MARK = "HERE"
TIMEOUT = 120  # seconds, on a machine that is busy with other things

#: Routes that store the values in their JSON.
STORING = {"/{user}/store", "/{user}/data"}


def members(count: int) -> bytes:
    """Return a JSON object with so many members."""
    return b"{" + b",".join(b'"a%07d":"b%07d"' % (i, i) for i in range(count)) + b"}"


#: JSON of a size that grows with a number, much larger in memory than its bytes, or with long strings.
LARGE: dict[str, Callable[[int], bytes]] = {
    "numbers": lambda count: b"[" + b"1.5," * count + b"1]",
    "members": members,
    "text": lambda count: b'"' + b"x" * count + b'"',
    "text beyond UCS-2": lambda count: '"😀'.encode() + b"x" * count + b'"',
}


def largest(kind: str, limit: int = MAX_BODY) -> bytes:
    """Return JSON that takes about as much memory as is allowed, and has at most `limit` bytes."""
    make, sample = LARGE[kind], 10_000
    base = estimate_memory([make(0)])
    count = int((MAX_BYTES * 0.99 - base) / (estimate_memory([make(sample)]) - base) * sample)
    return make(min(count, limit * sample // len(make(sample))))


def places(example: Any) -> Iterator[Any]:
    """Yield `MARK`, and copies of an example in which one of its members, or members of those, is `MARK`."""
    yield MARK
    if isinstance(example, dict):
        for name, value in example.items():
            yield from ({**example, name: changed} for changed in places(value))
    if isinstance(example, list) and example:
        yield from ([changed] for changed in places(example[0]))


def packed(header: bytes) -> bytes:
    """Return a packed body without buffers."""
    header = b'{"buffers":[],"value":' + header + b"}"
    return len(header).to_bytes(4, "little") + header


def bodies(path: str, media: str, example: Any) -> Iterator[tuple[str, bytes]]:
    """Yield large bodies of a media type with descriptions, more of them for routes that store them."""
    if media not in {"application/json", PACKED_TYPE}:
        yield "zeros", bytes(MAX_BODY)
        return
    last = list(places(example))[-1]
    combinations = [("text beyond UCS-2", last)]
    if path in STORING:
        combinations = [("numbers", MARK), *((kind, last) for kind in LARGE)]
    for kind, place in combinations:
        body = json.dumps(place).encode().replace(f'"{MARK}"'.encode(), largest(kind))
        yield f"{kind} in {json.dumps(place)}", packed(body) if media == PACKED_TYPE else body


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The account of a cloud that no other test uses."""
    with one_process(f"local://{tmp_path_factory.mktemp('bodies')}") as url:
        yield Caller(url, "local")


@pytest.fixture(scope="module")
def routes(ada: Caller) -> list[tuple[str, str, str, Any]]:
    """The path, the method, the media type and the example of every body."""
    known = {
        "{source}": ada.live_source(1, 2)["id"],
        "{plot}": ada.plot("plot", 1, 2)["id"],
        "{chunk}": "0" * 64,
    }
    found = []
    for path, methods in ada.ok("GET", "/openapi.json")["paths"].items():
        for name, value in known.items():
            path = path.replace(name, value)
        for method, operation in methods.items():
            for media, content in operation.get("requestBody", {"content": {}})["content"].items():
                found.append((path, method.upper(), media, content.get("example")))
    return found


def test_no_body_takes_much_memory(ada: Caller, routes: list[tuple[str, str, str, Any]]) -> None:
    failed = []
    for path, method, media, example in routes:
        for name, body in bodies(path, media, example):
            headers, data = {"Content-Type": media, "Content-Encoding": "zstd"}, zstd.compress(body, 1)
            with growth(ada.url) as grown:
                url = ada.url + path.replace("{user}", ada.user)
                response = requests.request(method, url, headers=headers, data=data, timeout=TIMEOUT)
            if grown() > MAX_GROWTH or response.status_code not in range(200, 500):
                failed.append((method, path, media, name[:200], grown() >> 20, response.status_code))
    assert len(routes) > 20
    assert not failed
