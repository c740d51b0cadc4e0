"""Forms: reading what browsers send, or the same fields as JSON, and redirecting afterwards."""

from typing import Any, TypeVar, get_origin

import falcon
import msgspec
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid
from bokeh_common.http.request_body import check_length, read_json

MAX_FORM_BYTES = 1 << 18  # enough for a thousand check boxes

T = TypeVar("T", bound=msgspec.Struct)


def is_json(req: Request) -> bool:
    """Return whether the request comes from a program, which sends JSON, rather than from a form."""
    return (req.content_type or "").partition(";")[0].strip().lower() == falcon.MEDIA_JSON


async def read_form(req: Request, kind: type[T]) -> T:
    """Read a form, or a JSON object with the same fields, as a `kind`.

    Raises:
        falcon.HTTPLengthRequired: as `read_fields`.
        TooLarge: as `read_fields`.
        Invalid: as `read_fields` and `convert_fields`.
    """
    return convert_fields(await read_fields(req), kind)


async def read_fields(req: Request) -> dict[str, Any]:
    """Read the fields of a form, or of a JSON object; repeated ones are lists.

    Raises:
        falcon.HTTPLengthRequired: the request has no Content-Length.
        TooLarge: the body is larger than 256 KiB.
        Invalid: it is neither a form nor a JSON object.
    """
    check_length(req, MAX_FORM_BYTES)
    fields = await _parse(req)
    if not isinstance(fields, dict):
        raise Invalid("Send a form, or a JSON object.")
    return fields


def convert_fields(fields: dict[str, Any], kind: type[T]) -> T:
    """Return the fields of a form as a `kind`. Unknown ones are ignored; a list may be a single value.

    Raises:
        Invalid: a field is missing, repeated, or not of its type.
    """
    lists = {field.encode_name for field in msgspec.structs.fields(kind) if get_origin(field.type) is list}
    single = {name: [fields[name]] for name in lists & fields.keys() if not isinstance(fields[name], list)}
    try:
        return msgspec.convert(fields | single, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"The form is not valid: {error}. See /docs/api.") from None


async def _parse(req: Request) -> Any:
    if is_json(req):
        return await read_json(req, MAX_FORM_BYTES)
    try:
        return await req.get_media(default_when_empty={})
    except (falcon.MediaMalformedError, falcon.HTTPUnsupportedMediaType):
        return None


def respond_or_redirect(req: Request, resp: Response, body: object, path: str) -> None:
    """Send `body` as JSON to a program; redirect a browser to a path of this cloud."""
    if is_json(req):
        resp.media = body
    else:
        redirect(resp, path)


def redirect(resp: Response, path: str) -> None:
    """Redirect a browser to a path of this cloud, as is usual after a form (303)."""
    resp.status = falcon.HTTP_303
    resp.location = path
