"""Conditional requests, cache headers and paging."""

import base64
import binascii
import re
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from falcon import uri
from falcon.asgi import Request, Response
from msgspec import Meta

from bokeh_common.errors import Invalid
from bokeh_common.http.middleware.compression import strip_encoding
from bokeh_common.http.openapi.generator import MAX_IDEMPOTENCY_KEY
from bokeh_common.http.request_body import read_query

_STRONG = re.compile(r'"([!#-~]*)"')

MAX_PAGE = 1000
DEFAULT_PAGE = 100


def not_modified(req: Request, resp: Response, etag: str) -> bool:
    """Set a strong ETag; if the client has it already (RFC 9110, 13.1.2), set status 304 and return True."""
    resp.etag = etag
    for tag in req.if_none_match or []:
        if tag == "*" or strip_encoding(tag) == etag:  # a weak one, too
            resp.status = 304
            resp.etag = etag if tag == "*" else str(tag)
            return True
    return False


def if_match(req: Request) -> str | None:
    """Return the strong ETag in `If-Match` (RFC 9110, 13.1.1); None if there is none, or for `*`."""
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return None
    found = _STRONG.fullmatch(header.strip())
    if found is None:
        raise Invalid("'If-Match' must be one strong ETag in quotation marks, or '*'.")
    return strip_encoding(found[1])


def idempotency_key(req: Request) -> str | None:
    """Return the `Idempotency-Key`, which identifies retries of a request; raises `Invalid`."""
    key = req.get_header("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
        raise Invalid(f"'Idempotency-Key' must have 1 to {MAX_IDEMPOTENCY_KEY} characters.")
    return key


def set_immutable(resp: Response) -> None:
    """Allow caching for a year, as the resource at this URL never changes (RFC 8246)."""
    resp.set_header("Cache-Control", "private, max-age=31536000, immutable")


class VersionQuery(msgspec.Struct):
    """The query of a resource that has versions."""

    version: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="The number of a version; default: the newest."),
    ] = None


class PageQuery(msgspec.Struct):
    """The query of a list that is returned in pages."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="The maximum number of items.")] = DEFAULT_PAGE
    after: Annotated[
        str, Meta(max_length=4000, description="The cursor of the page, from a `Link` header.")
    ] = ""


def read_page_query(req: Request) -> tuple[str, int]:
    """Return the cursor and the size of the requested page; raise `Invalid` if they are not valid."""
    query = read_query(req, PageQuery)
    try:
        return base64.b64decode(query.after.encode(), altchars=b"-_", validate=True).decode(), query.limit
    except (ValueError, binascii.Error):
        raise Invalid("'after' must be the cursor of a Link header.") from None


def add_next_link(req: Request, resp: Response, after: str, limit: int) -> None:
    """Add a `Link` header to the page that follows the item `after` (RFC 8288)."""
    cursor = base64.urlsafe_b64encode(after.encode()).decode()
    query = {**req.params, "limit": limit, "after": cursor}
    target = f"{uri.encode(req.path)}?{urlencode(query, doseq=True)}"
    resp.append_header("Link", f'<{target}>; rel="next"')  # `append_link` omits the quotation marks
