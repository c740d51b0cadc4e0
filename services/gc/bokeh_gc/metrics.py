"""What the worker's last run did, for Prometheus: `/metrics`, in its text format.

The report is kept in the storage, so each replica tells the same, whoever did the work.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from bokeh_gc.records import Records

NAME = "bokeh_cloud_gc"

#: By the member of the report: what the metric is called, and what it says.
LAST = {
    "ended": ("last_run_timestamp_seconds", "When the last run of the garbage collector ended"),
    "seconds": ("last_run_duration_seconds", "How long it took, with its rests"),
    "scanned": ("last_run_scanned", "Things that it looked at"),
    "bytes": ("last_run_freed_bytes", "Bytes that it freed"),
    "kept": ("last_run_kept", "Orphans that came into use while it ran"),
}
TOTAL = {
    "freed_bytes": ("freed_bytes", "Bytes that all runs freed"),
    "errors": ("errors", "Runs that were cut short by an error"),
}


class Report(Collector):
    """Makes metrics of the report of the last run; there are none before the first."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        report = self._records.report() or {}
        for member, (name, says) in LAST.items():
            if member in report:
                yield GaugeMetricFamily(f"{NAME}_{name}", says, report[member])
        for member, (name, says) in TOTAL.items():
            yield CounterMetricFamily(f"{NAME}_{name}", says, report.get(member, 0))
        yield _freed(report)


def _freed(report: dict[str, Any]) -> Metric:
    freed = GaugeMetricFamily(f"{NAME}_last_run_freed", "Things that it freed", labels=["kind"])
    for kind, count in report.get("freed", {}).items():
        freed.add_metric([kind], count)
    return freed


def exposition(records: Records) -> bytes:
    """Return the metrics in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Report(records))
    return generate_latest(registry)
