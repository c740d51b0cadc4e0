"""The environment variables that compose.yaml sets for the services, as every other deployment must."""

import re

import yaml

from tests import ROOT

COMPOSE = ROOT / "compose.yaml"

#: Variables that other deployments do not set: they replace replicas one by one, so one port is enough; their
#: mail server is a secret; and the rest has the default that compose.yaml states explicitly.
SET_BY_COMPOSE_ONLY = {
    "BOKEH_CLOUD_PEERS_BIND", "BOKEH_CLOUD_AUTH_URL", "BOKEH_CLOUD_PLOTS_URL", "BOKEH_CLOUD_DATA_URL",
    "BOKEH_CLOUD_GC_URL", "BOKEH_CLOUD_SMTP_URL", "BOKEH_CLOUD_GC_GRACE_HOURS",
    "BOKEH_CLOUD_COMPRESS_AFTER_HOURS",
}  # fmt: skip


def variables_set_by_compose(service: str) -> set[str]:
    """Return the variables that compose.yaml sets itself, as opposed to passing on those of the operator."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    environ = services[service]["environment"].items()
    return {
        name for name, value in environ if value and not re.fullmatch(r"\$\{\w+:-\}", value)
    } - SET_BY_COMPOSE_ONLY
