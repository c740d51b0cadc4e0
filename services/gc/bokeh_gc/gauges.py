"""What Prometheus is told of the last run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

PREFIX = "bokeh_cloud_gc_"


def gauges(report: Mapping[str, Any] | None) -> dict[tuple[str, str], float]:
    """Return names, explanations and values, by a report of the records; nothing before the first run."""
    if report is None:
        return {}
    found = {
        ("last_run_timestamp_seconds", "When the last run ended."): report["ended"],
        ("errors", "Runs that ended by an error, since ever."): report["errors"],
        ("freed_bytes", "Bytes that were freed, since ever."): report["freed_bytes"],
        ("last_run_failed", "1 when the last run ended by an error."): float(report["error"] is not None),
        ("last_run_started_timestamp_seconds", "When the last run began."): _seconds(report["started"]),
    }
    if "seconds" in report:
        found |= {
            ("last_run_seconds", "What the last run took."): report["seconds"],
            ("last_run_scanned", "Things that the last run looked at."): report["scanned"],
            ("last_run_freed_bytes", "Bytes that the last run freed."): report["bytes"],
            ("last_run_freed", "Things that the last run deleted."): sum(report["freed"].values()),
        }
    return {(PREFIX + name, text): float(value) for (name, text), value in found.items()}


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
