"""The request id and trace of a request, which are passed on to all services and returned to the client.

They are in two headers: `X-Request-Id`, for people who report an error, and `traceparent` of W3C Trace
Context (https://www.w3.org/TR/trace-context/), for tracing systems; `tracestate` is passed on unchanged.
"""

import random
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import falcon
from falcon.asgi import Request, Response

REQUEST_ID = "X-Request-Id"

#: The headers of W3C Trace Context.
TRACE_HEADERS = ("traceparent", "tracestate")

#: The route of requests that match no route.
NO_ROUTE = "(none)"

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_MAX_STATE = 512  # characters; the minimum that the recommendation requires to pass on


@dataclass(frozen=True)
class Trace:
    """The trace of a request in one service.

    Attributes:
        request_id: is the same in all services.
        trace_id: is the same in all services; 32 hexadecimal digits.
        span_id: of the request in this service; 16 hexadecimal digits.
        flags: of the trace: "01" if it is recorded.
        state: the `tracestate` header.
    """

    request_id: str
    trace_id: str
    span_id: str
    flags: str = "00"
    state: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request to another service."""
        headers = {
            REQUEST_ID: self.request_id,
            "traceparent": f"00-{self.trace_id}-{self.span_id}-{self.flags}",
        }
        return {**headers, "tracestate": self.state} if self.state else headers


_current_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """Return the trace of the request that this task processes; None outside of requests."""
    return _current_trace.get()


def continue_trace(request_id: str | None, traceparent: str | None, state: str | None) -> Trace:
    """Return a trace from the headers of a request; those that are missing or not valid are replaced."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    known = request_id is not None and _ID.fullmatch(request_id)
    return Trace(
        request_id=request_id if known and request_id else _random_hex(8),
        trace_id=found[1] if found else _random_hex(16),
        span_id=_random_hex(8),
        flags=found[2] if found else "00",
        state=(state or "") if found and len(state or "") <= _MAX_STATE else "",
    )


def _random_hex(size: int) -> str:
    """Return so many random bytes in hexadecimal digits.

    Ids are no secrets. Asking the system for random bytes would let another thread run, for each of them.
    """
    return random.randbytes(size).hex()  # noqa: S311  # as above


class SpanRecorder(Protocol):
    """Records the processing of a request in a service as a span of its trace."""

    def begin(self, trace: Trace, headers: Mapping[str, str]) -> tuple[Any, Trace]:
        """Start a span, as a child of the one in the headers; return it, and the trace with its ids."""

    def end(self, span: Any, trace: Trace, method: str, route: str, status: int) -> None:
        """End the span."""


class TraceMiddleware:
    """Falcon middleware that sets the current trace; it must be the first one."""

    def __init__(self, recorder: SpanRecorder | None = None) -> None:
        """Use a recorder of spans; without one, spans are not recorded."""
        self._recorder = recorder

    async def process_request(self, req: Request, resp: Response) -> None:
        """Start the trace."""
        headers = (req.get_header(name) for name in (REQUEST_ID, *TRACE_HEADERS))
        trace = continue_trace(*headers)
        if self._recorder:
            parent = {name: value for name in TRACE_HEADERS if (value := req.get_header(name))}
            req.context.span, trace = self._recorder.begin(trace, parent)
        _current_trace.set(trace)  # for this task, as every request has its own
        resp.set_header(REQUEST_ID, trace.request_id)

    async def process_response(self, req: Request, resp: Response, resource: Any, ok: bool) -> None:
        """End the trace."""
        trace = _current_trace.get()
        if self._recorder and trace:
            route, status = req.uri_template or NO_ROUTE, falcon.http_status_to_code(resp.status)
            self._recorder.end(req.context.span, trace, req.method, route, status)
