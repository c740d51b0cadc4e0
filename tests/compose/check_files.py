"""The configuration that the files in `deploy/compose` produce together with compose.yaml."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compose.engine import docker

BASE = "compose.yaml"
DOMAIN_SETTINGS = {
    "BOKEH_CLOUD_DOMAIN": "plots.example.com",
    "BOKEH_CLOUD_SMTP_URL": "smtp://mail.example.com",
}


def configured_services(*files: str, **environ: str) -> dict[str, Any]:
    """Return the services that compose configures from compose.yaml and some files of `deploy/compose`."""
    paths = ":".join([BASE, *(f"deploy/compose/{name}.yaml" for name in files)])
    text = docker("compose", "config", "--format", "json", seconds=60, COMPOSE_FILE=paths, **environ)
    services: dict[str, Any] = json.loads(text)["services"]
    return services


def test_redis_can_store_everything() -> None:
    services = configured_services("redis")
    assert "azurite" not in services
    for name in ("auth", "plots", "data", "gc", "gc-worker", "web"):
        assert services[name]["environment"]["BOKEH_CLOUD_STORAGE"].startswith("redis://")
    assert "--azurite" not in services["init"]["command"]
    assert "always" in services["redis"]["command"]


def test_azure_is_configured_by_variables() -> None:
    services = configured_services("azure", AZURE_STORAGE_ACCOUNT="mine", AZURE_STORAGE_KEY="a key")
    assert "azurite" not in services
    for name in ("auth", "plots", "data", "gc", "gc-worker", "web"):
        assert services[name]["environment"]["AZURE_STORAGE_ACCOUNT"] == "mine"
        assert "outside" in services[name]["networks"]
    assert "--azurite" not in services["init"]["command"]


@pytest.mark.parametrize("own", [False, True])
def test_a_cloud_at_a_domain_has_certificates_and_no_maildev(own: bool) -> None:
    files = ("tls", "certificates") if own else ("tls",)
    services = configured_services(*files, BOKEH_CLOUD_CERTIFICATES="/somewhere", **DOMAIN_SETTINGS)
    assert "maildev" not in services
    gateway = services["gateway"]
    assert {port["published"] for port in gateway["ports"]} == {"80", "443"}
    assert not [volume for volume in gateway["volumes"] if "mailbox" in volume.get("source", "")]
    assert gateway["environment"]["BOKEH_CLOUD_GATEWAY"] == "plots.example.com"
    assert ("/certificates/" in gateway["environment"]["BOKEH_CLOUD_GATEWAY_TLS"]) is own
    for name in ("auth", "plots", "data", "gc", "web"):
        assert services[name]["environment"]["BOKEH_CLOUD_PUBLIC_URL"] == "https://plots.example.com"


@pytest.mark.parametrize("missing", DOMAIN_SETTINGS)
def test_a_missing_setting_of_a_domain_is_reported(missing: str) -> None:
    with pytest.raises(AssertionError, match=missing):
        configured_services("tls", **(DOMAIN_SETTINGS | {missing: ""}))


def test_monitoring_is_behind_the_gateway() -> None:
    services = configured_services("observability")
    for name in ("prometheus", "grafana", "jaeger"):
        assert set(services[name]["networks"]) == {"inside"}
        assert not services[name].get("ports")
        assert services[name]["read_only"] is True
        assert services[name]["user"] == "10001:10001"
    for name in ("auth", "plots", "data", "gc", "gc-worker", "web"):
        assert services[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
    for source in (
        volume["source"] for name in ("prometheus", "grafana") for volume in services[name]["volumes"]
    ):
        assert source == "prometheus" or Path(source).is_file(), source


def test_a_limit_reaches_its_service() -> None:
    assert (
        configured_services(BOKEH_CLOUD_MAX_DEPTH="77")["plots"]["environment"]["BOKEH_CLOUD_MAX_DEPTH"]
        == "77"
    )
