"""No input costs more than linear time: all parsers that a client can reach, with what makes parsers slow."""

import gzip
import resource
import struct
import zlib
from collections.abc import Callable
from functools import partial

import pytest
from backports import zstd

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.json_parser import parse_json
from bokeh_common.http.middleware.compression import decode_body
from bokeh_plots.documents.scene_json import image_hosts
from tests.security.parsers import OF_BYTES, OF_TEXT
from tests.support.cost import cpu_seconds

LENGTH = 60_000
SECONDS = 0.1
GROWTH = 64 << 20  # bytes

#: What is repeated; 199 digits are a number that is almost too large.
PIECES = [
    " ", "\t", "\r\n", "'", '"', "''", "(", ")", "[", "]", "{", "}", "{}", "<", "=", "9", "0",
    "9" * 199 + ",", ",", ",,", ".", "..", "-", "/", "\\", "%", "_", "*", ":", ";", "&", "a=", "\0", "a",
    "a,", "a ", "\u0301\u0327", "é", "#", "|", "`", "[]", "[],", '"a":', "1e", "T", "+", "@", "W/", "not ",
    "a=1 and ", "text/a;", '""', "![", "<a", "_a",
]  # fmt: skip

STRINGS = [(piece * (LENGTH // len(piece) + 1))[:LENGTH] for piece in PIECES]

FRAMES = {
    "zstd": zstd.compress(b"a") * LENGTH,
    "empty zstd": zstd.compress(b"") * LENGTH,
    "skippable zstd": struct.pack("<II", 0x184D2A50, 0) * LENGTH,
    "gzip": gzip.compress(b"a") * LENGTH,
    "empty gzip": gzip.compress(b"") * LENGTH,
}


def peak_memory() -> int:
    """Return the peak memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def assert_cheap(parse: Callable[[], object], what: str) -> None:
    before = peak_memory()
    seconds = cpu_seconds(parse, SECONDS, Exception)
    assert seconds < SECONDS, what
    assert peak_memory() - before < GROWTH, what


@pytest.mark.parametrize("name", OF_TEXT)
def test_strings_of_any_length_take_linear_time(name: str) -> None:
    for text in STRINGS:
        assert_cheap(partial(OF_TEXT[name], text), text[:10])


@pytest.mark.parametrize("name", OF_BYTES)
def test_bytes_of_any_length_take_linear_time(name: str) -> None:
    for text in STRINGS:
        assert_cheap(partial(OF_BYTES[name], text.encode()[:LENGTH]), text[:10])


@pytest.mark.parametrize("name", FRAMES)
def test_many_small_frames_are_rejected(name: str) -> None:
    assert_cheap(lambda: list(decode_body([FRAMES[name]], name.rpartition(" ")[2], 1 << 26)), name)
    with pytest.raises(Invalid, match="small compressed frames"):
        list(decode_body([FRAMES[name]], name.rpartition(" ")[2], 1 << 26))


def test_frames_of_some_kilobytes_are_accepted() -> None:
    part = b"abcdef" * 10_000
    for compress in (gzip.compress, zstd.compress):
        encoding = compress.__module__.rpartition(".")[2].lstrip("_")
        decoded = decode_body([compress(part) * 3000], encoding, 1 << 30)
        assert sum(map(len, decoded)) == 3000 * len(part)


@pytest.mark.parametrize("item", [b"[]", b"{}", b'{"a":1}', b"[[],[]]"])
def test_values_are_counted_before_they_are_parsed(item: bytes) -> None:
    size = 48 << 20
    body = b"[" + (item + b",") * (size // (len(item) + 1)) + item + b"]"
    before = peak_memory()
    with pytest.raises(TooLarge, match="too many values"):
        parse_json(body)
    assert peak_memory() - before < GROWTH


def test_hosts_of_tile_addresses() -> None:
    def hosts(url: object) -> list[str]:
        node = {"type": "object", "name": "WMTSTileSource", "id": "p1", "attributes": {"url": url}}
        return image_hosts(node)

    assert hosts("https://{s}.tile.example/{z}/{x}.png?a={b}") == ["https://*.tile.example"]
    assert hosts("https://a-{s}-b{c}.tile.example:8080/") == ["https://*.tile.example:8080"]
    assert hosts(" http://tile.example") == ["https://tile.example"]
    assert hosts("//tile.example/{s}") == ["https://tile.example"]
    for other in (
        "/tiles/{z}",
        "https://tile.{s}.example",
        "https://{s",
        "https://a b",
        "",
        None,
        7,
        "https://é",
    ):
        assert hosts(other) == []
    assert hosts(f"https://{'a' * 300}") == []


def test_gzip_of_many_flushes() -> None:
    compressor = zlib.compressobj(wbits=31)
    flushed = [compressor.compress(b"a") + compressor.flush(zlib.Z_SYNC_FLUSH) for _ in range(LENGTH)]
    body = b"".join(flushed) + compressor.flush()
    assert_cheap(lambda: list(decode_body([body], "gzip", 1 << 26)), "flushes")
