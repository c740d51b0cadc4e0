"""Every setting is documented and passed on by compose.yaml, and invalid values are rejected."""

import re
from dataclasses import fields
from importlib import import_module

import pytest
import yaml

from bokeh_auth import settings as auth
from bokeh_common.errors import Invalid
from bokeh_data.settings import MIN_COLUMNS_ASKED
from bokeh_plots.documents.limits import DocumentLimits
from bokeh_plots.plots.model_writer import BATCH_COLUMNS
from tests import ROOT

SETTINGS, OPERATORS = ROOT / "deploy" / "settings.md", ROOT / "deploy" / "README.md"
SOURCES = [path for place in ("libs", "services") for path in ROOT.glob(f"{place}/*/bokeh_*/**/*.py")]

#: Variables that connect the services of a cloud in containers; compose.yaml sets them, not the operator.
CONNECTIONS = {
    "BOKEH_CLOUD_AUTH_URL", "BOKEH_CLOUD_PLOTS_URL", "BOKEH_CLOUD_DATA_URL", "BOKEH_CLOUD_GC_URL",
    "BOKEH_CLOUD_SERVICE_TOKEN", "BOKEH_CLOUD_SERVICE_TOKENS", "BOKEH_CLOUD_BIND", "BOKEH_CLOUD_PEERS_BIND",
    "BOKEH_CLOUD_REDIS_LOGIN",
}  # fmt: skip

#: Settings that containers do not use: for a single process on one machine, or files, which need a volume.
NOT_IN_CONTAINERS = {
    "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE", "BOKEH_CLOUD_ALLOWED_HOSTS", "BOKEH_CLOUD_ALLOW_VOLATILE_REDIS",
    "BOKEH_CLOUD_OUTBOX", "BOKEH_CLOUD_BOKEHJS", "BOKEH_CLOUD_LOGO", "BOKEH_CLOUD_PAGES",
}  # fmt: skip


def test_every_setting_is_documented() -> None:
    assert len(settings_in_code()) > 30
    assert settings_in_code() - CONNECTIONS - settings_in_text(SETTINGS.read_text()) == set()


def test_every_variable_of_compose_is_documented() -> None:
    variables = set(re.findall(r"\$\{([A-Z_]*[A-Z])", (ROOT / "compose.yaml").read_text()))
    assert len(variables) > 10
    assert variables - settings_in_text(OPERATORS.read_text()) == set()


def test_every_setting_reaches_the_containers() -> None:
    ours = {
        name for name in settings_in_code() if not name.startswith("OTEL_")
    }  # documented by OpenTelemetry
    assert ours - CONNECTIONS - NOT_IN_CONTAINERS - set(compose_variables()) == set()


def test_settings_that_do_not_reach_the_containers_are_documented() -> None:
    """These are the settings that compose.yaml leaves out, and those that it sets to a fixed value."""
    fixed = {name for name, value in compose_variables().items() if value is not None and "${" not in value}
    text = OPERATORS.read_text().partition("### What compose.yaml does not pass on")[2].partition("\n## ")[0]
    assert settings_in_text(text) & settings_in_code() == NOT_IN_CONTAINERS | (
        fixed & settings_in_code() - CONNECTIONS
    )


def compose_variables() -> dict[str, str | None]:
    """Return the environment variables of all services in compose.yaml, unexpanded."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return {
        name: value for service in services.values() for name, value in service.get("environment", {}).items()
    }


def settings_in_code() -> set[str]:
    """Return the names of all settings that the code reads."""
    pattern = r'"((?:BOKEH_CLOUD|OTEL)_[A-Z_]*[A-Z])"'
    names = {name for path in SOURCES for name in re.findall(pattern, path.read_text())}
    return names | {f"BOKEH_CLOUD_MAX_{field.name.upper()}" for field in fields(DocumentLimits)}


def settings_in_text(text: str) -> set[str]:
    """Return the names of settings in a document, where `_B` in a table is short for `BOKEH_CLOUD_B`."""
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
def test_an_invalid_setting_is_rejected(service: str, name: str, value: str) -> None:
    settings = import_module(f"bokeh_{service}.settings").Settings
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", f"BOKEH_CLOUD_{name}": value}
    with pytest.raises(Invalid, match=f"^BOKEH_CLOUD_{name} must be .*, not {value!r}.$"):
        settings.from_env(environ)


@pytest.mark.parametrize("service", ["auth", "data", "gc", "plots", "web"])
def test_an_invalid_url_is_rejected(service: str) -> None:
    settings = import_module(f"bokeh_{service}.settings").Settings
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", "BOKEH_CLOUD_REDIS_URL": "redis:6379"}
    with pytest.raises(Invalid, match=r"^BOKEH_CLOUD_REDIS_URL must begin with "):
        settings.from_env(environ)


def test_the_upload_quota_may_be_zero() -> None:
    environ = {"BOKEH_CLOUD_STORAGE": "local:///x", "BOKEH_CLOUD_QUOTA_UPLOADS": "0"}
    assert auth.Settings.from_env(environ).quota["uploads"] is None  # no limit


def test_the_plots_service_requests_no_more_columns_than_the_data_service_allows() -> None:
    assert MIN_COLUMNS_ASKED == BATCH_COLUMNS
