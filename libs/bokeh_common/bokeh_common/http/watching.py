"""What the operator sees of requests: a line in the log, and metrics."""

import logging
import os
import time
from hashlib import blake2b
from typing import Any

import falcon

from bokeh_common import metrics
from bokeh_common.http.auth import OPEN, Principal
from bokeh_common.http.draining import ASKED
from bokeh_common.http.tracing import NOWHERE, current

#: Routes that watchers ask again and again.
WATCHERS = {"/health/live", "/health/ready", "/metrics"}

log = logging.getLogger("bokeh_cloud.requests")


class Watched:
    """Falcon middleware that notes each request by the template of its route: a path can hold a secret."""

    def __init__(self, service: str) -> None:
        """Take the name of the service."""
        self._service = service
        names = ("service", "method", "route", "status")
        about = ("bokeh_cloud_request_seconds", "Requests, and what they took up to their first byte.")
        self._seconds = metrics.histogram(*about, *names) if metrics.enabled() else None

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin."""
        req.context.begun = time.perf_counter()
        if req.path not in WATCHERS:
            ASKED.note()

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, ok: bool) -> None:
        """End."""
        seconds = time.perf_counter() - req.context.begun
        route, status = req.uri_template or NOWHERE, falcon.http_status_to_code(resp.status)
        if self._seconds is not None:
            self._seconds.labels(self._service, req.method, route, str(status)).observe(seconds)
        if log.isEnabledFor(logging.INFO) and (route not in WATCHERS or status >= 400):
            trace = current()
            fields = {
                "service": self._service,
                "method": req.method,
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
                "user": hashed(getattr(req.context, "principal", None)),
                "request_id": trace.request_id if trace else None,
                "trace_id": trace.trace_id if trace else None,
            }
            log.info("%s %s %s", req.method, route, status, extra={"fields": fields})


def hashed(principal: Principal | None) -> str | None:
    """Return what stands for an account in the log; with `BOKEH_CLOUD_LOG_KEY` nobody can try out names."""
    if principal is None or not principal.user_id:
        return None
    key = os.environ.get("BOKEH_CLOUD_LOG_KEY", "").encode()[:64]
    return blake2b(principal.user_id.encode(), digest_size=8, key=key).hexdigest()


class Metrics:
    """`/metrics`, for Prometheus; the gateway does not know it."""

    access = {"GET": OPEN}

    def __init__(self, gauges: metrics.Gauges | None) -> None:
        self._gauges = gauges

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the metrics of all workers."""
        resp.data, resp.content_type = metrics.exposition(self._gauges)
