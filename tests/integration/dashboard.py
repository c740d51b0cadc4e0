"""What Grafana's dashboard asks Prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "deploy/compose/observability"
#: What Prometheus itself knows of those whom it asks.
OF_PROMETHEUS = "up"
SELECTED = re.compile(r"\b(up|bokeh_cloud_[a-z_]+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")


def expressions() -> list[str]:
    """Return all expressions of the panels."""
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def asked() -> Iterator[tuple[str, set[str]]]:
    """Yield names of metrics with the labels that must be there."""
    for expression in expressions():
        [(name, selected)] = SELECTED.findall(expression)
        labels = {label for group in GROUPED.findall(expression) for label in re.split(r",\s*", group)}
        labels |= set(re.findall(r"(\w+)(?:=|!)", selected))
        if name != OF_PROMETHEUS:
            yield name, labels
