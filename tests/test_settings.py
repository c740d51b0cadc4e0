"""The operators' pages name every setting."""

import re
from dataclasses import fields
from pathlib import Path

import yaml

from bokeh_plots.limits import Limits

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "deploy" / "settings.md", ROOT / "deploy" / "README.md"]
SOURCES = [path for place in ("libs", "services") for path in ROOT.glob(f"{place}/*/bokeh_*/**/*.py")]

#: What each service of a cloud in containers is told by compose.yaml; nobody sets them by hand.
WIRING = {
    "BOKEH_CLOUD_AUTH_URL", "BOKEH_CLOUD_PLOTS_URL", "BOKEH_CLOUD_DATA_URL", "BOKEH_CLOUD_GC_URL",
    "BOKEH_CLOUD_SERVICE_TOKEN", "BOKEH_CLOUD_SERVICE_TOKENS", "BOKEH_CLOUD_BIND",
}  # fmt: skip

#: What makes no sense there: for one process on one machine, or files, which need a volume too.
NOT_IN_CONTAINERS = {
    "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE", "BOKEH_CLOUD_ALLOWED_HOSTS", "BOKEH_CLOUD_ALLOW_VOLATILE_REDIS",
    "BOKEH_CLOUD_OUTBOX", "BOKEH_CLOUD_BOKEHJS", "BOKEH_CLOUD_LOGO", "BOKEH_CLOUD_PAGES",
}  # fmt: skip


def test_every_setting_is_named() -> None:
    assert len(read()) > 30
    assert read() - WIRING - named() == set()


def test_every_setting_reaches_the_containers() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    told = {name for service in services.values() for name in service.get("environment", {})}
    assert read() - WIRING - NOT_IN_CONTAINERS - told == set()


def read() -> set[str]:
    """Return the names in the code."""
    names = {
        name for path in SOURCES for name in re.findall(r'"(BOKEH_CLOUD_[A-Z_]*[A-Z])"', path.read_text())
    }
    return names | {f"BOKEH_CLOUD_MAX_{field.name.upper()}" for field in fields(Limits)}


def named() -> set[str]:
    """Return the names in the texts; `_B` in a row of a table is short for `BOKEH_CLOUD_B`."""
    text = "\n".join(path.read_text() for path in TEXTS)
    return set(re.findall(r"BOKEH_CLOUD_[A-Z_]*[A-Z]", text)) | {
        f"BOKEH_CLOUD{name}" for name in re.findall(r"`(_[A-Z_]*[A-Z])", text)
    }
