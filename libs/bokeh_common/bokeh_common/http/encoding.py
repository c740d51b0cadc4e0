"""Bodies that are compressed on the way (RFC 9110, 8.4): gzip and zstd, both ways, and bounded when unpacked.

Only what compresses is compressed: texts, not pictures or columns, nor what is small or must not be stored (a
page that holds a secret beside what others can put into it would tell it by its length).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import falcon
from backports import zstd

from bokeh_common.errors import Invalid, TooLarge

BLOCK_BYTES = 1 << 20
SMALLEST = 1024  # bytes; below, the headers of an encoding cost more than it saves
GZIP_LEVEL, ZSTD_LEVEL = 4, 3

#: The largest window of a packed body, as RFC 9659 has it: 8 MiB.
_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}

_TEXTS = (
    "text/",
    "application/json",
    "application/problem+json",
    "image/svg+xml",
)


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


#: In the order in which they are preferred.
PACKERS: dict[str, Callable[[], _Packer]] = {
    "zstd": lambda: zstd.ZstdCompressor(ZSTD_LEVEL),
    "gzip": lambda: zlib.compressobj(GZIP_LEVEL, wbits=31),
}


def decoded(blocks: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """Yield a body unpacked, in blocks of at most 1 MiB.

    Raises:
        falcon.HTTPUnsupportedMediaType: it is packed in another way.
        TooLarge: it unpacks to more than `limit` bytes; found out with no more than that in memory.
        Invalid: it is damaged or cut short.
    """
    unpack = _UNPACK.get(encoding.strip().lower())
    if unpack is None:
        raise falcon.HTTPUnsupportedMediaType(
            description="Send the body as it is, or with 'Content-Encoding' gzip or zstd.",
            headers={"Accept-Encoding": "gzip, zstd"},
        )
    size = 0
    try:
        for block in unpack(blocks):
            size += len(block)
            if size > limit:
                raise TooLarge(
                    f"The body unpacks to more than the {limit} bytes that are taken.", limit=limit
                )
            yield block
    except (zlib.error, zstd.ZstdError, EOFError) as error:
        raise Invalid(f"The body is not what its Content-Encoding says: {error}.") from None


def _gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for block in blocks:
        rest = block
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)  # another member (RFC 1952, 2.2)
            yield unpacker.decompress(rest, BLOCK_BYTES)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    while not unpacker.eof:
        found = unpacker.decompress(unpacker.unconsumed_tail, BLOCK_BYTES)
        if not found:
            raise EOFError("it ends too early")
        yield found


def _unzstd(blocks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zstd.ZstdDecompressor(options=_WINDOW)
    for block in blocks:
        rest = block
        while rest or not (unpacker.needs_input or unpacker.eof):
            if unpacker.eof:
                unpacker = zstd.ZstdDecompressor(options=_WINDOW)  # another frame
            yield unpacker.decompress(rest, BLOCK_BYTES)
            rest = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise EOFError("it ends too early")


_UNPACK: dict[str, Callable[[Iterable[bytes]], Iterable[bytes]]] = {
    "": iter, "identity": iter, "gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd,
}  # fmt: skip


class Encoded:
    """Falcon middleware that packs answers for those who take it."""

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """Pack the body where it pays; the ETag then names the packed one."""
        kind = resp.content_type or (falcon.MEDIA_JSON if resp.media is not None else "")
        if not kind.startswith(_TEXTS) or kind.startswith("text/event-stream"):
            return
        resp.append_header("Vary", "Accept-Encoding")
        encoding = _wanted(req)
        if (
            encoding is None
            or resp.status_code in {204, 304}
            or resp.get_header("Content-Encoding")
            or _is_secret(resp)
        ):
            return
        if self._pack(resp, PACKERS[encoding]()):
            resp.set_header("Content-Encoding", encoding)
            if etag := resp.get_header("ETag"):
                resp.set_header("ETag", f'{etag[:-1]}-{encoding}"')

    def _pack(self, resp: falcon.Response, packer: _Packer) -> bool:
        if resp.stream is not None:
            if hasattr(resp.stream, "read"):
                return False
            resp.stream = _packed(resp.stream, packer)
            resp.delete_header("Content-Length")
            return True
        body = resp.render_body()
        if body is None or len(body) < SMALLEST:
            return False
        resp.text, resp.data = None, packer.compress(body) + packer.flush()
        return True


def plain_tag(tag: str) -> str:
    """Return an ETag without the encoding that `Encoded` has put behind it."""
    for encoding in PACKERS:
        if tag.endswith(f"-{encoding}"):
            return tag.removesuffix(f"-{encoding}")
    return tag


def _packed(blocks: Iterable[bytes], packer: _Packer) -> Iterator[bytes]:
    for block in blocks:
        if found := packer.compress(block):
            yield found
    yield packer.flush()


def _is_secret(resp: falcon.Response) -> bool:
    return "no-store" in (resp.get_header("Cache-Control") or "")


def _wanted(req: falcon.Request) -> str | None:
    """Return the encoding that the client takes and we prefer (RFC 9110, 12.5.3)."""
    accepted: dict[str, float] = {}
    for item in (req.get_header("Accept-Encoding") or "").lower().split(","):
        name, _, weight = item.partition(";")
        accepted[name.strip()] = _weight(weight)
    return next((name for name in PACKERS if accepted.get(name, accepted.get("*", 0)) > 0), None)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1
    except ValueError:
        return 0
