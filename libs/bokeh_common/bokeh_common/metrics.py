"""Prometheus metrics of a service, summed over its worker processes.

Metrics are collected if `PROMETHEUS_MULTIPROC_DIR` is set, as `bokeh_common.http.server.gunicorn_config`
does: each worker writes into files in that folder, and the worker that is scraped adds them up. A server with
one worker, which may run beside a full disk, collects them in its memory (`collect_in_memory`). Otherwise
nothing is measured, and prometheus_client is not imported.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, wraps
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from prometheus_client import Histogram

#: Upper bounds of the histograms, from a cached response to a timeout of a person's patience.
BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

MULTIPROC_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

Store = TypeVar("Store")

#: The methods of stores that are measured.
OPERATIONS = ("get", "put", "delete", "list", "stat", "touch", "view")

#: Returns the values of gauges, by name and help text; called at each scrape.
Gauges = Callable[[], Mapping[tuple[str, str], float]]


_IN_MEMORY = Event()


def collect_in_memory() -> None:
    """Collect the metrics of this process, and of those that are forked from it, each in its memory."""
    _IN_MEMORY.set()


def enabled() -> bool:
    """Return whether metrics are collected in this process."""
    return MULTIPROC_FOLDER in os.environ or _IN_MEMORY.is_set()


@cache
def histogram(name: str, help_text: str, *labels: str) -> "Histogram":
    """Return the histogram of this name, in seconds; it is created on the first call."""
    from prometheus_client import Histogram

    return Histogram(name, help_text, labels, buckets=BUCKETS_SECONDS)


def observe(histogram: "Histogram", labels: tuple[str, ...], seconds: float) -> None:
    """Count a duration. On a full disk it is lost: new labels enlarge a file, which then stays too short."""
    with suppress(OSError, IndexError):
        histogram.labels(*labels).observe(seconds)


def instrument(store: Store, kind: str, namespace: str) -> Store:
    """Measure the duration of a store's operations, if metrics are collected, and return the store.

    Of streams, the time to the first block is measured.
    """
    if enabled():
        for name in OPERATIONS:
            if hasattr(store, name):
                setattr(store, name, _timed(getattr(store, name), kind, namespace, name))
    return store


def _timed(operation: Callable[..., Any], *labels: str) -> Callable[..., Any]:
    seconds = histogram(
        "bokeh_cloud_storage_seconds",
        "Duration of storage operations.",
        "kind",
        "namespace",
        "operation",
        "outcome",
    )

    @wraps(operation)
    def timed(*args: Any, **how: Any) -> Any:
        started, outcome = time.perf_counter(), "ok"
        try:
            return operation(*args, **how)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            observe(seconds, (*labels, outcome), time.perf_counter() - started)

    return timed


def exposition(gauges: Gauges | None = None) -> tuple[bytes, str]:
    """Return all metrics in the text format of Prometheus, and its media type."""
    from prometheus_client import (
        CONTENT_TYPE_LATEST,
        REGISTRY,
        CollectorRegistry,
        generate_latest,
        multiprocess,
    )

    registry = CollectorRegistry()
    if MULTIPROC_FOLDER in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no annotations
    else:
        registry.register(REGISTRY)
    if gauges is not None:
        registry.register(_GaugeCollector(gauges))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _GaugeCollector:
    """A collector of prometheus_client for gauges that are computed when they are scraped."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Any]:
        """Yield the gauges."""
        from prometheus_client.core import GaugeMetricFamily

        for (name, help_text), value in self._gauges().items():
            yield GaugeMetricFamily(name, help_text, value=value)
