"""Receives spans as any tracing system does, by OTLP over HTTP; as a program, it prints a line for each."""

import gzip
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver(ThreadingHTTPServer):
    """Keeps the spans that arrive, each with the name of its service."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.spans: list[tuple[str, Span]] = []
        super().__init__(address, Receiving)

    def take(self, service: str, span: Span) -> None:
        """Keep a span."""
        self.spans.append((service, span))

    def of(self, trace: str, services: set[str]) -> dict[str, Span]:
        """Wait for the spans of a trace, by service; one of each."""
        found: dict[str, Span] = {}
        deadline = time.monotonic() + 20
        while not services <= found.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
            found = {name: span for name, span in list(self.spans) if span.trace_id.hex() == trace}
        return found


class Receiving(BaseHTTPRequestHandler):
    """Takes what arrives."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            [name] = [a.value.string_value for a in sent.resource.attributes if a.key == "service.name"]
            for span in (span for scope in sent.scope_spans for span in scope.spans):
                self.server.take(name, span)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Printer(Receiver):
    """Prints them."""

    def take(self, service: str, span: Span) -> None:
        """Print a span."""
        line = json.dumps({"service": service, "trace": span.trace_id.hex(), "name": span.name})
        print(f"{line}\n", end="", flush=True)  # in one piece, as several threads print


if __name__ == "__main__":
    Printer(("0.0.0.0", int(sys.argv[1]))).serve_forever()
