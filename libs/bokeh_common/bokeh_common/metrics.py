"""What Prometheus is told, of all worker processes of a service together.

Metrics are kept where `PROMETHEUS_MULTIPROC_DIR` is set, as `bokeh_common.http.serving` does: the workers
write into files there, and whichever is asked adds them up. Elsewhere nothing is measured, and
prometheus_client is not imported.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from prometheus_client import Histogram

#: Seconds; from what a cache answers to what a person gives up on.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

Store = TypeVar("Store")

#: The operations of the stores that are measured.
OPERATIONS = ("get", "put", "delete", "list", "stat", "touch", "view")

#: Names and helps of gauges with their values, found out when somebody asks.
Gauges = Callable[[], Mapping[tuple[str, str], float]]


def enabled() -> bool:
    """Whether anything is measured in this process."""
    return FOLDER in os.environ


@cache
def histogram(name: str, help_text: str, *labels: str) -> "Histogram":
    """Return the histogram of this name, of seconds; it counts too."""
    from prometheus_client import Histogram

    return Histogram(name, help_text, labels, buckets=BUCKETS)


def measured(store: Store, kind: str, namespace: str) -> Store:
    """Measure the operations of a store from now on, where anything is; a stream, up to its first block."""
    if enabled():
        for name in OPERATIONS:
            if hasattr(store, name):
                setattr(store, name, _timed(getattr(store, name), kind, namespace, name))
    return store


def _timed(operation: Callable[..., Any], *labels: str) -> Callable[..., Any]:
    seconds = histogram(
        "bokeh_cloud_storage_seconds", "What the storage took.", "kind", "namespace", "operation", "outcome"
    )

    @wraps(operation)
    def timed(*args: Any, **how: Any) -> Any:
        begun, outcome = time.perf_counter(), "ok"
        try:
            return operation(*args, **how)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            seconds.labels(*labels, outcome).observe(time.perf_counter() - begun)

    return timed


def exposition(gauges: Gauges | None = None) -> tuple[bytes, str]:
    """Return all metrics in Prometheus' text format, and its media type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it says no types
    if gauges is not None:
        registry.register(_Found(gauges))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Found:
    """A collector, as prometheus_client has it, of gauges that are found out."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Any]:
        """Yield them."""
        from prometheus_client.core import GaugeMetricFamily

        for (name, help_text), value in self._gauges().items():
            yield GaugeMetricFamily(name, help_text, value=value)
