"""What compose.yaml tells the services, and so must whatever else runs them in containers."""

import re
from pathlib import Path

import yaml

COMPOSE = Path(__file__).parents[1] / "compose.yaml"

#: What others do otherwise: they replace replicas in turn, so one port does; their mail server is a secret;
#: and what they leave out has the default that compose.yaml spells out.
OTHERWISE = {
    "BOKEH_CLOUD_PEERS_BIND", "BOKEH_CLOUD_AUTH_URL", "BOKEH_CLOUD_PLOTS_URL", "BOKEH_CLOUD_DATA_URL",
    "BOKEH_CLOUD_GC_URL", "BOKEH_CLOUD_SMTP_URL", "BOKEH_CLOUD_GC_GRACE_HOURS",
    "BOKEH_CLOUD_COMPRESS_AFTER_HOURS",
}  # fmt: skip


def told_by_compose(service: str) -> set[str]:
    """Return the variables for which compose.yaml has a value, and does not only hand on the operator's."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    environ = services[service]["environment"].items()
    return {name for name, value in environ if value and not re.fullmatch(r"\$\{\w+:-\}", value)} - OTHERWISE
