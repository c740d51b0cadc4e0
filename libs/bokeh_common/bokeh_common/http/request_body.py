"""Reading request bodies and queries, with size limits."""

from typing import Any, TypeVar

import falcon
import msgspec
from falcon.asgi import Request

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.body_memory import BODY_MEMORY
from bokeh_common.http.json_memory import estimate_memory
from bokeh_common.http.json_parser import parse_json, parse_within_memory
from bokeh_common.http.received_body import ReceivedBody, receive_body
from bokeh_common.http.server.fair_pool import FairThreadPool
from bokeh_common.http.server.thread_pools import MAX_ON_LOOP, core_count
from bokeh_common.schema_errors import explain_invalid

T = TypeVar("T")

#: Parse large bodies. One client's bodies do not make those of others wait, nor what computes responses.
_PARSERS = FairThreadPool("parser", lambda: core_count() + 1, lambda threads: threads - 1)


def check_length(req: Request, limit: int) -> int:
    """Return the Content-Length of a request in bytes.

    Raises:
        falcon.HTTPLengthRequired: the request has no Content-Length.
        TooLarge: it is over `limit`.
    """
    length = req.content_length
    if length is None:
        raise falcon.HTTPLengthRequired(description="Send the body with a Content-Length.")
    if length > limit:
        raise TooLarge(f"The body has {length} bytes; this server accepts at most {limit} here.", limit=limit)
    return int(length)


async def read_json(req: Request, limit: int) -> Any:
    """Read a JSON body (RFC 8259, so no NaN) of at most `limit` bytes.

    Raises:
        falcon.HTTPUnsupportedMediaType: its content type is not `application/json`.
        TooLarge: it is over `limit`, compressed or decoded; or has too many values.
        Invalid: it is not JSON, or nested too deeply.
    """
    length = check_length(req, limit)
    if (req.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise falcon.HTTPUnsupportedMediaType(description="Send JSON, with 'Content-Type: application/json'.")
    with await receive_body(req) as body:
        if body.size != length:
            raise Invalid("The body ended before its Content-Length; send it again.", slug="not-json")
        if length <= MAX_ON_LOOP and not req.get_header("Content-Encoding"):
            return parse_json(b"".join(body.blocks()))
        parsers = _PARSERS.of_client()
        await BODY_MEMORY.reserve(await parsers.run(lambda: estimate_memory(body.blocks(limit))))
        return await parsers.run(_parse_blocks, body, limit)


async def read_body(req: Request, limit: int, kind: type[T]) -> T:
    """Read a JSON body and convert it to `kind`, its type in the API description; raises as `read_json`."""
    return convert_body(await read_json(req, limit), kind)


def convert_body(value: object, kind: type[T]) -> T:
    """Convert the JSON value of a body to a `kind`; `Invalid`. For bodies of one of several kinds."""
    return _convert(kind, value, "body")


def read_query(req: Request, kind: type[T]) -> T:
    """Read query parameters into the fields of `kind`; raises `Invalid`.

    Others are ignored here: `QueryParametersMiddleware` rejects them in APIs.
    """
    return _convert(kind, req.params, "query", strict=False)


def _convert(kind: type[T], value: object, where: str, strict: bool = True) -> T:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Invalid(f"The {where} is not valid: {explain_invalid(error)}. See /docs/api.") from None


def _parse_blocks(body: ReceivedBody, limit: int) -> Any:
    return parse_within_memory(b"".join(body.blocks(limit)))
