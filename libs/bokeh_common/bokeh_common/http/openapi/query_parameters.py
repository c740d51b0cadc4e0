"""Rejects query parameters that an operation does not have, which would have no effect."""

from difflib import get_close_matches
from typing import Any

import msgspec
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid
from bokeh_common.http.openapi.operations import Operation

MAX_NAME_LENGTH = 40  # characters, in messages


class QueryParametersMiddleware:
    """Falcon middleware of APIs: raises `Invalid` for a query parameter that the operation does not have.

    Pages do without it, as other sites add parameters to their addresses.
    """

    async def process_resource(
        self, req: Request, resp: Response, resource: Any, params: dict[str, Any]
    ) -> None:
        """Reject the request before the responder ignores the parameter."""
        if not req.params:
            return
        method = "GET" if req.method == "HEAD" else req.method
        operation = getattr(resource, "describe", {}).get(method)
        if isinstance(operation, Operation):
            _require_known(req, _names(operation))


def _names(operation: Operation) -> tuple[str, ...]:
    if operation.query is None:
        return ()
    return tuple(field.encode_name for field in msgspec.structs.fields(operation.query))


def _require_known(req: Request, names: tuple[str, ...]) -> None:
    unknown = next((name for name in req.params if name not in names), None)
    if unknown is None:
        return
    similar = get_close_matches(unknown[:MAX_NAME_LENGTH], names, n=1)
    hint = f" Did you mean {similar[0]!r}?" if similar else ""
    has = f"has the query parameters {', '.join(names)}" if names else "has no query parameters"
    raise Invalid(
        f"There is no query parameter {unknown[:MAX_NAME_LENGTH]!r}.{hint} {req.method} here {has}."
    )
