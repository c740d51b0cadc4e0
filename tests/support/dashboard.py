"""The queries of the Grafana dashboard."""

import json
import re
from collections.abc import Iterator

from tests import ROOT

FOLDER = ROOT / "deploy/compose/observability"
#: The metric that Prometheus itself adds for each target.
TARGET_UP = "up"
SELECTED = re.compile(r"\b(up|bokeh_cloud_[a-z_]+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")


def expressions() -> list[str]:
    """Return the PromQL expressions of all panels."""
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def queried_metrics() -> Iterator[tuple[str, set[str]]]:
    """Yield the names of the metrics that the dashboard queries, each with the labels that it needs."""
    for expression in expressions():
        [(name, selected)] = SELECTED.findall(expression)
        labels = {label for group in GROUPED.findall(expression) for label in re.split(r",\s*", group)}
        labels |= set(re.findall(r"(\w+)(?:=|!)", selected))
        if name != TARGET_UP:
            yield name, labels
