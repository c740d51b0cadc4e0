"""Reading what a client sends, within limits."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import falcon
import msgspec

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.encoding import decoded

BLOCK_BYTES = 1 << 20
UNPACKED_BYTES = 64 << 20

#: Only such a number can be larger than a double, 1.8e308: with 210 digits, e99 is enough.
_LARGE_NUMBER = re.compile(rb"\d[eE]\+?\d{3}|\d{200}")

T = TypeVar("T")


def check_length(req: falcon.Request, limit: int) -> int:
    """Return the declared length in bytes.

    Raises:
        falcon.HTTPLengthRequired: the request does not say how long it is.
        TooLarge: it says more than `limit`.
    """
    length = req.content_length
    if length is None:
        raise falcon.HTTPLengthRequired(description="Send the body with a Content-Length.")
    if length > limit:
        raise TooLarge(f"The body is {length} bytes; this server takes {limit} here.", limit=limit)
    return length


def read_blocks(req: falcon.Request, limit: int = UNPACKED_BYTES) -> Iterator[bytes]:
    """Yield the body in blocks of at most 1 MiB, unpacked; it ends early when the client does.

    Raises:
        falcon.HTTPUnsupportedMediaType: it is packed in a way that is not taken.
        TooLarge: it unpacks to more than `limit` bytes; the blocks until then were yielded.
        Invalid: it is packed, and damaged.
    """
    encoding = req.get_header("Content-Encoding")
    return decoded(_sent(req), encoding, limit) if encoding else _sent(req)


def _sent(req: falcon.Request) -> Iterator[bytes]:
    while block := req.bounded_stream.read(BLOCK_BYTES):
        yield block


def read_json(req: falcon.Request, limit: int) -> Any:
    """Read a JSON body (RFC 8259, so no NaN) of at most `limit` bytes.

    Raises:
        falcon.HTTPUnsupportedMediaType: it does not call itself `application/json`.
        TooLarge: over `limit`, packed or unpacked.
        Invalid: not JSON, or nested too deeply.
    """
    length = check_length(req, limit)
    if (req.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise falcon.HTTPUnsupportedMediaType(description="Send JSON, with 'Content-Type: application/json'.")
    body = req.bounded_stream.read()
    if len(body) != length:
        raise Invalid("The body ended before its Content-Length; send it again.", slug="not-json")
    if encoding := req.get_header("Content-Encoding"):
        body = b"".join(decoded([body], encoding, limit))
    return parse_json(body)


def read_body(req: falcon.Request, limit: int, kind: type[T]) -> T:
    """Read a JSON body as a `kind`, the type that describes it in the API; raises as `read_json`."""
    return _as(kind, read_json(req, limit), "body")


def read_query(req: falcon.Request, kind: type[T]) -> T:
    """Read the query parameters as a `kind`, whose fields they are; `Invalid`. Others are not looked at."""
    return _as(kind, req.params, "query", strict=False)


def _as(kind: type[T], value: object, where: str, strict: bool = True) -> T:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Invalid(f"The {where} is not as it should be: {error}. See /docs/api.") from None


def parse_json(body: bytes) -> Any:
    """Parse strictly; `Invalid` says where it is wrong."""
    try:
        # Of bytes, `json.loads` takes UTF-16 and lone surrogates as well; RFC 8259 wants UTF-8.
        text = body.decode("utf-8-sig")
        return _writable(json.loads(text, parse_constant=_refuse_constant), body)
    except RecursionError:
        raise Invalid("The JSON is nested too deeply.", slug="not-json") from None
    except ValueError as error:
        raise Invalid(f"The body is not JSON: {error}.", slug="not-json") from None


def _writable(value: Any, body: bytes) -> Any:
    """Return `value`; `ValueError` when it has what JSON can say and nobody can write again.

    That is half a surrogate pair, which is no character, and a number that no double can hold.
    """
    if b"\\ud" in body or b"\\uD" in body:
        json.dumps(value, ensure_ascii=False).encode()
    if _LARGE_NUMBER.search(body):
        json.dumps(value, allow_nan=False)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
