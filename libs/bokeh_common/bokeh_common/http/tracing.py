"""What request is this? An id and a trace that go along through all services, and come back in answers.

Two headers carry them: `X-Request-Id`, for people who report an error, and `traceparent` of W3C Trace Context
(https://www.w3.org/TR/trace-context/), for programs that draw traces; `tracestate` is passed on as it came.
"""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Protocol

import falcon

REQUEST_ID = "X-Request-Id"

#: The headers of W3C Trace Context.
CARRIED = ("traceparent", "tracestate")

#: The route of a request that no route answers.
NOWHERE = "(none)"

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_MAX_STATE = 512  # characters; what the recommendation asks one to pass on at least


@dataclass(frozen=True)
class Trace:
    """A request on its way through one service.

    Attributes:
        request_id: the same in all services.
        trace_id: as well; 32 hexadecimal digits.
        span_id: of the work in this service; 16 hexadecimal digits.
        flags: of the trace: "01" when somebody records it.
        state: what tracing systems added.
    """

    request_id: str
    trace_id: str
    span_id: str
    flags: str = "00"
    state: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What a request to another service carries."""
        carried = {
            REQUEST_ID: self.request_id,
            "traceparent": f"00-{self.trace_id}-{self.span_id}-{self.flags}",
        }
        return {**carried, "tracestate": self.state} if self.state else carried


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """Return the trace of the request that this thread works on; None outside of requests."""
    return _current.get()


def trace_of(request_id: str | None, traceparent: str | None, state: str | None) -> Trace:
    """Go on with what a request carries, as far as it is well written; begin what is missing."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    known = request_id is not None and _ID.fullmatch(request_id)
    return Trace(
        request_id=request_id if known and request_id else secrets.token_hex(8),
        trace_id=found[1] if found else secrets.token_hex(16),
        span_id=secrets.token_hex(8),
        flags=found[2] if found else "00",
        state=(state or "") if found and len(state or "") <= _MAX_STATE else "",
    )


class Recorder(Protocol):
    """Records what a service does for a request, as a span of its trace."""

    def begin(self, trace: Trace, carried: Mapping[str, str]) -> tuple[Any, Trace]:
        """Begin a span under the one that the request carries; return it, and the trace with its ids."""

    def end(self, span: Any, trace: Trace, method: str, route: str, status: int) -> None:
        """End it."""


class Traced:
    """Falcon middleware, the first of all: what comes after it has a current trace."""

    def __init__(self, recorder: Recorder | None = None) -> None:
        """Take who records spans, where anybody does."""
        self._recorder = recorder

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin."""
        carried = (req.get_header(name) for name in (REQUEST_ID, *CARRIED))
        trace = trace_of(*carried)
        if self._recorder:
            parent = {name: value for name in CARRIED if (value := req.get_header(name))}
            req.context.span, trace = self._recorder.begin(trace, parent)
        # In the embedded cloud a service asks its neighbour on this thread: each puts back what was before.
        req.context.before = _current.set(trace)
        resp.set_header(REQUEST_ID, trace.request_id)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """End."""
        trace = _current.get()
        if self._recorder and trace:
            route, status = req.uri_template or NOWHERE, falcon.http_status_to_code(resp.status)
            self._recorder.end(req.context.span, trace, req.method, route, status)
        before: Token[Trace | None] = req.context.before
        _current.reset(before)
