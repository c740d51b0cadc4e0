"""Spans for OpenTelemetry: what each service did for a request, and who asked it.

On when the standard variables name a receiver (`OTEL_EXPORTER_OTLP_ENDPOINT`, over HTTP); the SDK reads them
and the other `OTEL_*` by itself. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bokeh_common.http.tracing import Trace

if TYPE_CHECKING:
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def enabled(environ: Mapping[str, str]) -> bool:
    """Whether somebody receives spans."""
    off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not off and any(environ.get(name) for name in ENDPOINTS)


class Recorder:
    """Records the spans of one service, and sends them from a thread."""

    def __init__(self, service: str) -> None:
        """Start.

        Raises:
            ImportError: the SDK is not installed; the message names the extra.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ImportError("To send spans, install bokeh-common[tracing].") from error
        name = os.environ.get("OTEL_SERVICE_NAME") or f"bokeh-cloud-{service}"
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("bokeh_cloud")

    def begin(self, trace: Trace, carried: Mapping[str, str]) -> tuple["Span", Trace]:
        """Begin a span under the one that a request carries; return the trace with the span's ids."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(carried)
        span = self._tracer.start_span("request", context=parent, kind=SpanKind.SERVER)
        about = span.get_span_context()
        ids = {"trace_id": f"{about.trace_id:032x}", "span_id": f"{about.span_id:016x}"}
        return span, replace(trace, flags=f"{about.trace_flags:02x}", **ids)

    def end(self, span: "Span", trace: Trace, method: str, route: str, status: int) -> None:
        """End a span; it is named by the route's template, since a path can hold a secret."""
        from opentelemetry.trace import StatusCode

        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "bokeh_cloud.request_id": trace.request_id,
            }
        )
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()
