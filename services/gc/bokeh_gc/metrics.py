"""Prometheus metrics of the last run of the collector."""

from collections.abc import Mapping
from typing import Any

from bokeh_common.timestamps import parse_timestamp

PREFIX = "bokeh_cloud_gc_"


def run_metrics(report: Mapping[str, Any] | None) -> dict[tuple[str, str], float]:
    """Return gauges by name and help text, from the stored report; none before the first run."""
    if report is None:
        return {}
    found = {
        ("last_run_timestamp_seconds", "When the last run ended."): report["ended"],
        ("errors", "Number of runs that ended with an error."): report["errors"],
        ("freed_bytes", "Bytes freed by all runs."): report["freed_bytes"],
        ("last_run_failed", "1 if the last run ended with an error."): float(report["error"] is not None),
        ("last_run_started_timestamp_seconds", "When the last run started."): _seconds(report["started"]),
    }
    if "seconds" in report:
        found |= {
            ("last_run_seconds", "Duration of the last run."): report["seconds"],
            ("last_run_scanned", "Number of objects that the last run examined."): report["scanned"],
            ("last_run_freed_bytes", "Bytes freed by the last run."): report["bytes"],
            ("last_run_freed", "Number of objects that the last run deleted."): sum(report["freed"].values()),
        }
    return {(PREFIX + name, text): float(value) for (name, text), value in found.items()}


def _seconds(time: str) -> float:
    return parse_timestamp(time).timestamp()
