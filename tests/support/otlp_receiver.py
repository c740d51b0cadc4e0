"""Receives spans by OTLP over HTTP, as tracing systems do; as a program, it prints a line for each."""

import gzip
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class OtlpReceiver(ThreadingHTTPServer):
    """An HTTP server that keeps the spans it receives, each with the name of its service."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.spans: list[tuple[str, Span]] = []
        super().__init__(address, OtlpHandler)

    def receive(self, service: str, span: Span) -> None:
        """Keep a span."""
        self.spans.append((service, span))

    def wait_for_trace(self, trace: str, services: set[str]) -> dict[str, Span]:
        """Wait until these services have sent spans of a trace; return one span of each service, by name."""
        found: dict[str, Span] = {}
        deadline = time.monotonic() + 20
        while not services <= found.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
            found = {name: span for name, span in list(self.spans) if span.trace_id.hex() == trace}
        return found


class OtlpHandler(BaseHTTPRequestHandler):
    """Decodes the spans of a request."""

    server: OtlpReceiver

    def do_POST(self) -> None:
        """Receive an export request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        for spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            [name] = [a.value.string_value for a in spans.resource.attributes if a.key == "service.name"]
            for span in (span for scope in spans.scope_spans for span in scope.spans):
                self.server.receive(name, span)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class PrintingReceiver(OtlpReceiver):
    """Prints the spans that it receives, as JSON."""

    def receive(self, service: str, span: Span) -> None:
        """Print a span."""
        line = json.dumps({"service": service, "trace": span.trace_id.hex(), "name": span.name})
        print(f"{line}\n", end="", flush=True)  # in one write, since several threads print


if __name__ == "__main__":
    PrintingReceiver(("0.0.0.0", int(sys.argv[1]))).serve_forever()
