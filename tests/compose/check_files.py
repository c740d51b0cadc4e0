"""The files over compose.yaml: what compose makes of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compose.engine import docker

BASE = "compose.yaml"
GIVEN = {"BOKEH_CLOUD_DOMAIN": "plots.example.com", "BOKEH_CLOUD_SMTP_URL": "smtp://mail.example.com"}


def configured(*files: str, **environ: str) -> dict[str, Any]:
    """Return the services of a cloud."""
    paths = ":".join([BASE, *(f"deploy/compose/{name}.yaml" for name in files)])
    text = docker("compose", "config", "--format", "json", seconds=60, COMPOSE_FILE=paths, **environ)
    services: dict[str, Any] = json.loads(text)["services"]
    return services


def test_redis_keeps_everything() -> None:
    services = configured("redis")
    assert "azurite" not in services
    for name in ("auth", "plots", "data", "gc", "gc-worker", "web"):
        assert services[name]["environment"]["BOKEH_CLOUD_STORAGE"].startswith("redis://")
    assert "--azurite" not in services["init"]["command"]
    assert "always" in services["redis"]["command"]


def test_azure_is_told_by_variables() -> None:
    services = configured("azure", AZURE_STORAGE_ACCOUNT="mine", AZURE_STORAGE_KEY="a key")
    assert "azurite" not in services
    for name in ("auth", "plots", "data", "gc", "gc-worker", "web"):
        assert services[name]["environment"]["AZURE_STORAGE_ACCOUNT"] == "mine"
        assert "outside" in services[name]["networks"]
    assert "--azurite" not in services["init"]["command"]


@pytest.mark.parametrize("own", [False, True])
def test_a_domain_has_certificates_and_no_mailbox(own: bool) -> None:
    files = ("tls", "certificates") if own else ("tls",)
    services = configured(*files, BOKEH_CLOUD_CERTIFICATES="/somewhere", **GIVEN)
    assert "maildev" not in services
    gateway = services["gateway"]
    assert {port["published"] for port in gateway["ports"]} == {"80", "443"}
    assert not [one for one in gateway["volumes"] if "mailbox" in one.get("source", "")]
    assert gateway["environment"]["BOKEH_CLOUD_GATEWAY"] == "plots.example.com"
    assert ("/certificates/" in gateway["environment"]["BOKEH_CLOUD_GATEWAY_TLS"]) is own
    for name in ("auth", "plots", "data", "gc", "web"):
        assert services[name]["environment"]["BOKEH_CLOUD_PUBLIC_URL"] == "https://plots.example.com"


@pytest.mark.parametrize("missing", GIVEN)
def test_a_domain_says_what_it_needs(missing: str) -> None:
    with pytest.raises(AssertionError, match=missing):
        configured("tls", **(GIVEN | {missing: ""}))


def test_what_is_observed_is_behind_the_gateway() -> None:
    services = configured("observability")
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
    assert configured(BOKEH_CLOUD_MAX_DEPTH="77")["plots"]["environment"]["BOKEH_CLOUD_MAX_DEPTH"] == "77"
