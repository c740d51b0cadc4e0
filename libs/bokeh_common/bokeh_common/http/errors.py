"""Error responses: every exception becomes `application/problem+json` (RFC 9457)."""

import json
import logging
from http import HTTPStatus

import falcon
import falcon.asgi
from falcon.asgi import Request, Response

from bokeh_common import errors
from bokeh_common.http.rate_limits import set_rate_limit_headers

PROBLEM_MEDIA_TYPE = "application/problem+json"

#: Headers of all responses (OWASP secure headers).
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}

RETRY_AFTER_SECONDS = 2

HTTP_STATUS: dict[type[errors.CloudError], int] = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.Invalid: 422,
    errors.TooLarge: 413,
    errors.RequestTimeout: 408,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}

log = logging.getLogger(__name__)


def status_of(error: errors.CloudError) -> int:
    """Return the HTTP status of an error, which is that of its closest base class in `HTTP_STATUS`."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)


def add_error_handlers(app: "falcon.asgi.App[Request, Response]") -> None:
    """Make an app respond to every exception with a problem."""
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _http_error)
    app.add_error_handler(errors.CloudError, _cloud_error)


def problem_json(status: int, slug: str, title: str, detail: str, **members: object) -> bytes:
    """Return a problem details object as JSON; `members` are its extension members."""
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail, **members}
    return json.dumps(body).encode()


def _write_problem(resp: Response, status: int, body: bytes) -> None:
    resp.status = status
    resp.data = body
    resp.content_type = PROBLEM_MEDIA_TYPE
    resp.set_header("Cache-Control", "no-store")
    # Discard what the responder had set before it failed.
    resp.stream = None
    for name in ("Content-Length", "ETag"):
        resp.delete_header(name)


async def _cloud_error(req: Request, resp: Response, error: errors.CloudError, params: object) -> None:
    status = status_of(error)
    _write_problem(
        resp, status, problem_json(status, error.kind, error.title, error.public_detail, **error.members)
    )
    if status == HTTPStatus.UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", "Bearer")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        resp.set_header("Retry-After", str(RETRY_AFTER_SECONDS))
        log.warning("%s %s: %s", req.method, req.uri_template, error)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        resp.set_header("Retry-After", str(error.members.get("retry_after", RETRY_AFTER_SECONDS)))
        set_rate_limit_headers(resp, error.members.get("limits", ()))


async def _http_error(req: Request, resp: Response, error: falcon.HTTPError, params: object) -> None:
    status = falcon.http_status_to_code(error.status)
    title = error.title or HTTPStatus(status).phrase
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    detail = error.description or _ADVICE.get(status, title)
    _write_problem(resp, status, problem_json(status, slug, HTTPStatus(status).phrase, detail))
    for name, value in dict(error.headers or {}).items():
        resp.set_header(name, value)


async def _unexpected(req: Request, resp: Response, error: Exception, params: object) -> None:
    # The template rather than the path, which may contain the secret of a one-time link.
    log.error("%s %s failed", req.method, req.uri_template, exc_info=error)
    detail = "An unexpected error occurred in the server. Try again, and report it if it persists."
    _write_problem(resp, 500, problem_json(500, "internal-error", "Something went wrong", detail))


_ADVICE = {
    404: "There is nothing here, or it is not yours to see. Check the address and the API key.",
    405: "This address does not support that method; the Allow header lists those that it supports.",
}
