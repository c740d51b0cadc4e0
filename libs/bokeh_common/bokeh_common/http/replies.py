"""What answers have in common: conditional requests and paging."""

import base64
import binascii
import re
from typing import Annotated
from urllib.parse import urlencode

import falcon
import msgspec
from msgspec import Meta

from bokeh_common.errors import Invalid
from bokeh_common.http.body import read_query
from bokeh_common.http.encoding import plain_tag
from bokeh_common.http.openapi import MAX_IDEMPOTENCY_KEY

_STRONG = re.compile(r'"([!#-~]*)"')

PAGE_LIMIT = 1000
PAGE_DEFAULT = 100


def not_modified(req: falcon.Request, resp: falcon.Response, etag: str) -> bool:
    """Set a strong ETag; True, with status 304, when the client has that already (RFC 9110, 13.1.2)."""
    resp.etag = etag
    for tag in req.if_none_match or []:
        if tag == "*" or (isinstance(tag, falcon.ETag) and not tag.is_weak and plain_tag(tag) == etag):
            resp.status = 304
            resp.etag = etag if tag == "*" else str(tag)  # that of the packed one, where the client has that
            return True
    return False


def if_match(req: falcon.Request) -> str | None:
    """Return the strong ETag that `If-Match` demands (RFC 9110, 13.1.1); None when anything will do."""
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return None
    found = _STRONG.fullmatch(header.strip())
    if found is None:
        raise Invalid("'If-Match' must be one strong ETag in quotation marks, or '*'.")
    return plain_tag(found[1])


def idempotency_key(req: falcon.Request) -> str | None:
    """Return what names the request, so that it is done once however often it is sent; `Invalid`."""
    key = req.get_header("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
        raise Invalid(f"'Idempotency-Key' must have 1 to {MAX_IDEMPOTENCY_KEY} characters.")
    return key


def immutable(resp: falcon.Response) -> None:
    """Say that this address will never answer anything else (RFC 8246)."""
    resp.set_header("Cache-Control", "private, max-age=31536000, immutable")


class AtVersion(msgspec.Struct):
    """Which version of the thing."""

    version: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="A number; the newest when left out.")
    ] = None


class Paging(msgspec.Struct):
    """Which page of a list."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT, description="The most items that are wanted.")] = (
        PAGE_DEFAULT
    )
    after: Annotated[str, Meta(description="Where the page begins: copied from a `Link` header.")] = ""


def page_of(req: falcon.Request) -> tuple[str, int]:
    """Return the cursor and the size of the page that is asked for; `Invalid` when they make no sense."""
    asked = read_query(req, Paging)
    try:
        return base64.b64decode(asked.after.encode(), altchars=b"-_", validate=True).decode(), asked.limit
    except (ValueError, binascii.Error):
        raise Invalid("'after' must be the cursor of a Link header.") from None


def link_next(req: falcon.Request, resp: falcon.Response, after: str, limit: int) -> None:
    """Link to the page that follows the item `after` (RFC 8288)."""
    cursor = base64.urlsafe_b64encode(after.encode()).decode()
    query = {**req.params, "limit": limit, "after": cursor}
    resp.append_link(f"{req.path}?{urlencode(query, doseq=True)}", "next")
