"""Errors as `application/problem+json` (RFC 9457), whoever raised them."""

import json
import logging
from http import HTTPStatus

import falcon

from bokeh_common import errors
from bokeh_common.http.limits import tell_limits

PROBLEM = "application/problem+json"

#: What no answer of any service should lack (OWASP secure headers).
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}

RETRY_AFTER_SECONDS = 2

STATUS: dict[type[errors.CloudError], int] = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Changed: 412,
    errors.Invalid: 422,
    errors.TooLarge: 413,
    errors.TooSlow: 408,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

log = logging.getLogger(__name__)


def handle_errors(app: "falcon.App[falcon.Request, falcon.Response]") -> None:
    """Teach `app` to answer every exception with a problem."""
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _http_error)
    app.add_error_handler(errors.CloudError, _cloud_error)


def problem(status: int, slug: str, title: str, detail: str, **members: object) -> bytes:
    """Write a problem details object; `members` are its extension members."""
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail, **members}
    return json.dumps(body).encode()


def _answer(resp: falcon.Response, status: int, body: bytes) -> None:
    resp.status = status
    resp.data = body
    resp.content_type = PROBLEM
    resp.set_header("Cache-Control", "no-store")
    # What a responder had prepared before it failed is not the answer's.
    resp.stream = None
    for name in ("Content-Length", "ETag"):
        resp.delete_header(name)


def _cloud_error(
    req: falcon.Request, resp: falcon.Response, error: errors.CloudError, params: object
) -> None:
    status = STATUS.get(type(error), 500)
    _answer(resp, status, problem(status, error.kind, error.title, str(error), **error.members))
    if status == HTTPStatus.UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", "Bearer")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        resp.set_header("Retry-After", str(RETRY_AFTER_SECONDS))
        log.warning("%s %s: %s", req.method, req.uri_template, error)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        resp.set_header("Retry-After", str(error.members.get("retry_after", RETRY_AFTER_SECONDS)))
        tell_limits(resp, error.members.get("limits", ()))


def _http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: object) -> None:
    status = falcon.http_status_to_code(error.status)
    title = error.title or HTTPStatus(status).phrase
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    detail = error.description or _ADVICE.get(status, title)
    _answer(resp, status, problem(status, slug, HTTPStatus(status).phrase, detail))
    for name, value in dict(error.headers or {}).items():
        resp.set_header(name, value)


def _unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, params: object) -> None:
    # The template, not the path: a path can hold the secret of a one-time link.
    log.error("%s %s failed", req.method, req.uri_template, exc_info=error)
    detail = "The server failed; nothing is known to be lost. Try again, and report it if it stays."
    _answer(resp, 500, problem(500, "internal-error", "Something went wrong", detail))


_ADVICE = {
    404: "There is nothing here, or it is not yours to see. Check the address and the API key.",
    405: "This address does not take that method; the Allow header lists those it takes.",
}
