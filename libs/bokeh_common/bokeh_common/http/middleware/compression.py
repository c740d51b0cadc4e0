"""Compression of request and response bodies (RFC 9110, 8.4) with gzip and zstd.

The decoded size of request bodies is limited. Responses are compressed if they are text and not small; images
and columns are not, and neither are responses that must not be stored, as the length of a compressed page
that contains a secret beside input of an attacker would reveal the secret.
"""

import zlib
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any, Protocol

import falcon
from backports import zstd
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.middleware.streams import close_stream
from bokeh_common.http.server.thread_pools import COMPUTE

BLOCK_BYTES = 1 << 20
MIN_BYTES = 1024  # smaller bodies are not compressed
MAX_ON_LOOP = 1 << 15  # larger bodies are compressed on a thread
GZIP_LEVEL, ZSTD_LEVEL = 4, 3

#: Compressed bytes that are decoded at once.
PIECE_BYTES = 16 << 10

#: Frames of zstd or members of gzip that may be smaller than `MIN_FRAME_BYTES`, decoded.
MAX_SMALL_FRAMES = 1000
MIN_FRAME_BYTES = 4096

#: The maximum window size of zstd, 8 MiB (RFC 9659).
_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}

_TEXT_TYPES = (
    "text/",
    "application/json",
    "application/problem+json",
    "image/svg+xml",
)


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


#: By content encoding, in order of preference.
COMPRESSORS: dict[str, Callable[[], _Compressor]] = {
    "zstd": lambda: zstd.ZstdCompressor(ZSTD_LEVEL),
    "gzip": lambda: zlib.compressobj(GZIP_LEVEL, wbits=31),
}


def decode_body(blocks: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """Yield the decoded body in blocks of at most 1 MiB.

    Raises:
        falcon.HTTPUnsupportedMediaType: the encoding is not supported.
        TooLarge: the body decodes to more than `limit` bytes; it is not decoded any further.
        Invalid: the body is damaged or incomplete.
    """
    decode = _DECODERS.get(encoding.strip().lower())
    if decode is None:
        raise falcon.HTTPUnsupportedMediaType(
            description="Send the body uncompressed, or with 'Content-Encoding' gzip or zstd.",
            headers={"Accept-Encoding": "gzip, zstd"},
        )
    size = 0
    try:
        for block in decode(blocks):
            size += len(block)
            if size > limit:
                raise TooLarge(
                    f"The body decodes to more than {limit} bytes, the maximum that is accepted.", limit=limit
                )
            yield block
    except (zlib.error, zstd.ZstdError, EOFError) as error:
        raise Invalid(f"The body cannot be decoded as its Content-Encoding says: {error}.") from None


def _gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor, members = zlib.decompressobj(wbits=31), _FrameCounter()
    for block in _divide(blocks):
        rest = block
        while rest:
            if decompressor.eof:
                members.start()
                decompressor = zlib.decompressobj(wbits=31)  # the next member (RFC 1952, 2.2)
            yield members.count(decompressor.decompress(rest, BLOCK_BYTES))
            rest = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
    while not decompressor.eof:
        found = decompressor.decompress(decompressor.unconsumed_tail, BLOCK_BYTES)
        if not found:
            raise EOFError("it ends too early")
        yield found


def _unzstd(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor, frames = zstd.ZstdDecompressor(options=_WINDOW), _FrameCounter()
    for block in _divide(blocks):
        rest = block
        while rest or not (decompressor.needs_input or decompressor.eof):
            if decompressor.eof:
                frames.start()
                decompressor = zstd.ZstdDecompressor(options=_WINDOW)  # the next frame
            yield frames.count(decompressor.decompress(rest, BLOCK_BYTES))
            rest = decompressor.unused_data if decompressor.eof else b""
    if not decompressor.eof:
        raise EOFError("it ends too early")


def _divide(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Divide blocks, since the bytes that follow a frame are copied for each frame."""
    for block in blocks:
        for start in range(0, len(block), PIECE_BYTES):
            yield block[start : start + PIECE_BYTES]


class _FrameCounter:
    """Limits the number of frames of a body: each takes as much time as some KiB of data."""

    def __init__(self) -> None:
        self._frames = self._bytes = 0

    def start(self) -> None:
        """Count a frame; raises `Invalid` if there are too many for what they contain."""
        self._frames += 1
        if self._frames > MAX_SMALL_FRAMES + self._bytes // MIN_FRAME_BYTES:
            raise Invalid("The body consists of many small compressed frames; compress it as a whole.")

    def count(self, data: bytes) -> bytes:
        """Count the contents of a frame, and return them."""
        self._bytes += len(data)
        return data


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterable[bytes]]] = {
    "": iter, "identity": iter, "gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd,
}  # fmt: skip


class CompressionMiddleware:
    """Falcon middleware that compresses responses if the client accepts it."""

    async def process_response(self, req: Request, resp: Response, resource: Any, ok: bool) -> None:
        """Compress the body, and append the encoding to the ETag."""
        kind = resp.content_type or (falcon.MEDIA_JSON if resp.media is not None else "")
        if not kind.startswith(_TEXT_TYPES) or kind.startswith("text/event-stream"):
            return
        resp.append_header("Vary", "Accept-Encoding")
        encoding = _choose_encoding(req)
        if (
            encoding is None
            or resp.status_code in {204, 304}
            or resp.get_header("Content-Encoding")
            or _is_secret(resp)
        ):
            return
        if await _compress(resp, COMPRESSORS[encoding]()):
            resp.set_header("Content-Encoding", encoding)
            if etag := resp.get_header("ETag"):
                resp.set_header("ETag", f'{etag[:-1]}-{encoding}"')


async def _compress(resp: Response, compressor: _Compressor) -> bool:
    if resp.stream is not None:
        resp.stream = CompressedStream(resp.stream, compressor)
        resp.delete_header("Content-Length")
        return True
    body = await resp.render_body()
    if body is None or len(body) < MIN_BYTES:
        return False
    if len(body) < MAX_ON_LOOP:
        compressed = _compress_whole(body, compressor)
    else:
        compressed = await COMPUTE.run(_compress_whole, body, compressor)
    resp.text, resp.data = None, compressed
    return True


def _compress_whole(body: bytes, compressor: _Compressor) -> bytes:
    return compressor.compress(body) + compressor.flush()


class CompressedStream:
    """An asynchronous iterator that compresses the blocks of another one."""

    def __init__(self, blocks: AsyncIterable[bytes], compressor: _Compressor) -> None:
        """Compress blocks, on the threads for computing."""
        self._stream = blocks
        self._blocks = aiter(blocks)
        self._compressor = compressor
        self._flushed = False

    def __aiter__(self) -> "CompressedStream":
        return self

    async def __anext__(self) -> bytes:
        async for block in self._blocks:
            if data := await COMPUTE.run(self._compressor.compress, block):
                return data
        if self._flushed:
            raise StopAsyncIteration
        self._flushed = True
        return self._compressor.flush()

    async def close(self) -> None:
        """Close the other iterator."""
        await close_stream(self._stream)


def strip_encoding(tag: str) -> str:
    """Return an ETag without the encoding that `CompressionMiddleware` appends."""
    for encoding in COMPRESSORS:
        if tag.endswith(f"-{encoding}"):
            return tag.removesuffix(f"-{encoding}")
    return tag


def _is_secret(resp: Response) -> bool:
    return "no-store" in (resp.get_header("Cache-Control") or "")


def _choose_encoding(req: Request) -> str | None:
    """Return the preferred encoding out of those that the client accepts (RFC 9110, 12.5.3)."""
    accepted: dict[str, float] = {}
    for item in (req.get_header("Accept-Encoding") or "").lower().split(","):
        name, _, weight = item.partition(";")
        accepted[name.strip()] = _weight(weight)
    return next((name for name in COMPRESSORS if accepted.get(name, accepted.get("*", 0)) > 0), None)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1
    except ValueError:
        return 0
