"""In which form is the answer? What a route is said to answer, held against what the client takes."""

from http import HTTPStatus
from typing import Any

import falcon

from bokeh_common.http.operations import Answer, Operation


class Negotiated:
    """Falcon middleware: 406 where nothing that the route answers is in `Accept` (RFC 9110, 12.5.1)."""

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: Any, params: dict[str, Any]
    ) -> None:
        """Refuse before the responder does something whose outcome cannot be told."""
        method = "GET" if req.method == "HEAD" else req.method
        operation = getattr(resource, "describe", {}).get(method)
        offered = media_of(operation) if isinstance(operation, Operation) else ()
        if offered and req.accept != "*/*" and not any(req.client_accepts(media) for media in offered):
            raise falcon.HTTPNotAcceptable(description=f"This can be had as {', '.join(offered)}.")


def media_of(operation: Operation) -> tuple[str, ...]:
    """Return the media types of an operation's answers; none where it may answer without a body."""
    told = {status: item for status, item in operation.answers.items() if status != HTTPStatus.NOT_MODIFIED}
    answers = [item if isinstance(item, Answer) else Answer(item) for item in told.values()]
    if any(answer.body is None for answer in answers):
        return ()
    return tuple(dict.fromkeys(media for answer in answers for media in answer.media))
