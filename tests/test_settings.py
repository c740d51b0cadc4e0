"""The operators' pages name every setting, and what makes no sense is refused."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from bokeh_auth import settings as auth
from bokeh_common.errors import Invalid
from bokeh_data.settings import LEAST_COLUMNS_ASKED
from bokeh_plots.limits import Limits
from bokeh_plots.objects import BATCH_COLUMNS

ROOT = Path(__file__).parents[1]
SETTINGS, OPERATORS = ROOT / "deploy" / "settings.md", ROOT / "deploy" / "README.md"
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


def test_every_setting_is_explained() -> None:
    assert len(read()) > 30
    assert read() - WIRING - named(SETTINGS.read_text()) == set()


def test_what_only_containers_have_is_named() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]*[A-Z])", (ROOT / "compose.yaml").read_text()))
    assert len(asked) > 10
    assert asked - named(OPERATORS.read_text()) == set()


def test_every_setting_reaches_the_containers() -> None:
    ours = {name for name in read() if not name.startswith("OTEL_")}  # of those, the usual ones do
    assert ours - WIRING - NOT_IN_CONTAINERS - set(told()) == set()


def test_what_does_not_reach_them_is_explained() -> None:
    """What is left out, and what is the same whatever an operator says."""
    fixed = {name for name, value in told().items() if value is not None and "${" not in value}
    text = OPERATORS.read_text().partition("### What compose.yaml does not hand on")[2].partition("\n## ")[0]
    assert named(text) & read() == NOT_IN_CONTAINERS | (fixed & read() - WIRING)


def told() -> dict[str, str | None]:
    """Return what compose.yaml tells all services together, as it stands there."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return {
        name: value for service in services.values() for name, value in service.get("environment", {}).items()
    }


def read() -> set[str]:
    """Return the names in the code."""
    pattern = r'"((?:BOKEH_CLOUD|OTEL)_[A-Z_]*[A-Z])"'
    names = {name for path in SOURCES for name in re.findall(pattern, path.read_text())}
    return names | {f"BOKEH_CLOUD_MAX_{field.name.upper()}" for field in fields(Limits)}


def named(text: str) -> set[str]:
    """Return the names in a text; `_B` in a row of a table is short for `BOKEH_CLOUD_B`."""
    return set(re.findall(r"(?:BOKEH_CLOUD|OTEL)_[A-Z_]*[A-Z]", text)) | {
        f"BOKEH_CLOUD{name}" for name in re.findall(r"`(_[A-Z_]*[A-Z])", text)
    }


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("auth", "ACCOUNTS", "ja"),
        ("auth", "MAILS_PER_HOUR", "0"),
        ("auth", "WRONG_KEYS", "0"),
        ("auth", "QUOTA_UPLOADS", "many"),
        ("data", "MAX_COLUMNS_ASKED", "499"),
        ("data", "PROXIED", "perhaps"),
        ("gc", "GC_EVERY_HOURS", "-5"),
        ("gc", "GC_GRACE_HOURS", "inf"),
        ("gc", "GC_REST", "nan"),
        ("plots", "MAX_VERSIONS", "0"),
        ("plots", "MAX_DEPTH", "deep"),
        ("web", "ACCOUNTS", "2"),
        ("web", "REFINE_ROWS", "-1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(service: str, name: str, value: str) -> None:
    settings = import_module(f"bokeh_{service}.settings").Settings
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", f"BOKEH_CLOUD_{name}": value}
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be .*, not {value!r}.$"):
        settings.from_env(environ)


@pytest.mark.parametrize("service", ["auth", "data", "gc", "plots", "web"])
def test_addresses_that_make_no_sense_are_refused(service: str) -> None:
    settings = import_module(f"bokeh_{service}.settings").Settings
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", "BOKEH_CLOUD_REDIS_URL": "redis:6379"}
    with pytest.raises(Invalid, match=r"^BOKEH_CLOUD_REDIS_URL must begin with "):
        settings.from_env(environ)


def test_nothing_at_all_may_be_uploaded() -> None:
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", "BOKEH_CLOUD_QUOTA_UPLOADS": "0"}
    assert auth.Settings.from_env(environ).quota["uploads"] == 0


def test_as_many_columns_may_be_asked_for_as_the_plots_service_asks_for() -> None:
    assert LEAST_COLUMNS_ASKED == BATCH_COLUMNS
