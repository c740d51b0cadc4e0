"""Reading what forms send; programs may send the same as JSON."""

from typing import Any

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.body import check_length, parse_json

MAX_FORM_BYTES = 1 << 18  # a thousand check boxes


def is_json(req: falcon.Request) -> bool:
    """Whether a program asks, not a form."""
    return (req.content_type or "").partition(";")[0].strip().lower() == falcon.MEDIA_JSON


def read_form(req: falcon.Request, lists: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a form, or the same as JSON; the fields of `lists` are lists, the others texts.

    Raises:
        Invalid: it is neither, or a field is there twice.
    """
    check_length(req, MAX_FORM_BYTES)
    found = _parsed(req)
    if not isinstance(found, dict):
        raise Invalid("Send a form, or a JSON object.")
    fields = {name: value if isinstance(value, list) else [value] for name, value in found.items()}
    texts = {name: value for name, value in fields.items() if name not in lists}
    if any(len(value) != 1 or not isinstance(value[0], str) for value in texts.values()):
        raise Invalid("Send each field once, as a text.")
    return {name: value[0] for name, value in texts.items()} | {name: fields.get(name, []) for name in lists}


def _parsed(req: falcon.Request) -> Any:
    if is_json(req):
        return parse_json(req.bounded_stream.read())
    try:
        return req.get_media(default_when_empty={})
    except (falcon.MediaMalformedError, falcon.HTTPUnsupportedMediaType):
        return None


def answer_or_go(req: falcon.Request, resp: falcon.Response, answer: dict[str, str], path: str) -> None:
    """Answer a program; send a browser on, always to a path of our own."""
    if is_json(req):
        resp.media = answer
    else:
        go(resp, path)


def go(resp: falcon.Response, path: str) -> None:
    """Send a browser on to a path of our own, after a form."""
    resp.status = falcon.HTTP_303
    resp.location = path
