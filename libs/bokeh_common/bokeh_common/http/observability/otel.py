"""OpenTelemetry spans: one for each request in each service.

They are recorded if the standard variables name an endpoint (`OTEL_EXPORTER_OTLP_ENDPOINT`, over HTTP). The
SDK reads these and the other `OTEL_*` variables.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bokeh_common.http.context.trace import Trace

if TYPE_CHECKING:
    from opentelemetry.trace import Span

LIBRARIES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def enabled(environ: Mapping[str, str]) -> bool:
    """Return whether spans are recorded."""
    off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not off and any(environ.get(name) for name in ENDPOINT_VARIABLES)


class OpenTelemetryRecorder:
    """Records the spans of a service, and sends them in a background thread."""

    def __init__(self, service: str) -> None:
        """Start the exporter.

        Raises:
            ImportError: the SDK is not installed; the message names its packages.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ImportError(f"To send spans: pip install {LIBRARIES}") from error
        name = os.environ.get("OTEL_SERVICE_NAME") or f"bokeh-cloud-{service}"
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("bokeh_cloud")

    def begin(self, trace: Trace, headers: Mapping[str, str]) -> tuple["Span", Trace]:
        """Start a span, as a child of the one in the headers; return it, and the trace with its ids."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(headers)
        span = self._tracer.start_span("request", context=parent, kind=SpanKind.SERVER)
        context = span.get_span_context()
        ids = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        return span, replace(trace, flags=f"{context.trace_flags:02x}", **ids)

    def end(self, span: "Span", trace: Trace, method: str, route: str, status: int) -> None:
        """End a span; it is named by the route template, as paths may contain secrets."""
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
