"""The access log and request metrics."""

import logging
import os
import time
from hashlib import blake2b
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common import metrics
from bokeh_common.http.auth.access import OPEN, Principal
from bokeh_common.http.context.trace import NO_ROUTE, current_trace
from bokeh_common.http.server.draining import LAST_REQUEST
from bokeh_common.http.server.thread_pools import STORAGE

#: Routes that monitoring requests continually; successful requests to them are not logged.
MONITORING_ROUTES = {"/health/live", "/health/ready", "/metrics"}

log = logging.getLogger("bokeh_cloud.requests")


class AccessLogMiddleware:
    """Falcon middleware that logs and measures requests, by route template, as paths may contain secrets."""

    def __init__(self, service: str) -> None:
        """Log under the name of a service."""
        self._service = service
        names = ("service", "method", "route", "status")
        metric = (
            "bokeh_cloud_request_seconds",
            "Duration of requests until the first byte of the response.",
        )
        self._seconds = metrics.histogram(*metric, *names) if metrics.enabled() else None

    async def process_request(self, req: Request, resp: Response) -> None:
        """Start the measurement."""
        req.context.started = time.perf_counter()
        if req.path not in MONITORING_ROUTES:
            LAST_REQUEST.record()

    async def process_response(self, req: Request, resp: Response, resource: Any, ok: bool) -> None:
        """Log the request."""
        seconds = time.perf_counter() - req.context.started
        route, status = req.uri_template or NO_ROUTE, falcon.http_status_to_code(resp.status)
        if self._seconds is not None:
            metrics.observe(self._seconds, (self._service, req.method, route, str(status)), seconds)
        if log.isEnabledFor(logging.INFO) and (route not in MONITORING_ROUTES or status >= 400):
            trace = current_trace()
            fields = {
                "service": self._service,
                "method": req.method,
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
                "user": hash_user(getattr(req.context, "principal", None)),
                "request_id": trace.request_id if trace else None,
                "trace_id": trace.trace_id if trace else None,
            }
            log.info("%s %s %s", req.method, route, status, extra={"fields": fields})


def hash_user(principal: Principal | None) -> str | None:
    """Return a hash of the account's name; `BOKEH_CLOUD_LOG_KEY` keys it, so that names cannot be guessed."""
    if principal is None or not principal.user_id:
        return None
    key = os.environ.get("BOKEH_CLOUD_LOG_KEY", "").encode()[:64]
    return blake2b(principal.user_id.encode(), digest_size=8, key=key).hexdigest()


class MetricsResource:
    """`/metrics`, for Prometheus; the gateway does not route it."""

    access = {"GET": OPEN}

    def __init__(self, gauges: metrics.Gauges | None) -> None:
        self._gauges = gauges

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send the metrics of all workers."""
        resp.data, resp.content_type = await STORAGE.run(metrics.exposition, self._gauges)
