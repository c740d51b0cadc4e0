"""Content negotiation: compares the media types that a route declares with `Accept`."""

from http import HTTPStatus
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.openapi.operations import Operation, ResponseSpec


class NegotiationMiddleware:
    """Falcon middleware: responds with 406 if the route has no media type in `Accept` (RFC 9110, 12.5.1)."""

    async def process_resource(
        self, req: Request, resp: Response, resource: Any, params: dict[str, Any]
    ) -> None:
        """Reject the request before the responder changes anything."""
        if req.accept == "*/*":
            return
        method = "GET" if req.method == "HEAD" else req.method
        operation = getattr(resource, "describe", {}).get(method)
        if isinstance(operation, Operation):
            require_acceptable(req, operation)


def require_acceptable(req: Request, operation: Operation) -> None:
    """Raise `falcon.HTTPNotAcceptable` if no media type of an operation is in `Accept`.

    Responders whose media types are known only when they have asked another service call it themselves.
    """
    offered = media_of(operation)
    if offered and req.accept != "*/*" and not any(req.client_accepts(media) for media in offered):
        raise falcon.HTTPNotAcceptable(description=f"This is available as {', '.join(offered)}.")


def media_of(operation: Operation) -> tuple[str, ...]:
    """Return the media types of an operation's responses; none if it may respond without a body."""
    declared = [item for status, item in operation.responses.items() if status != HTTPStatus.NOT_MODIFIED]
    specs = [item if isinstance(item, ResponseSpec) else ResponseSpec(item) for item in declared]
    if any(spec.body is None for spec in specs):
        return ()
    return tuple(dict.fromkeys(media for spec in specs for media in spec.media))
