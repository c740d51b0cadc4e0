"""The mailbox can be read on the machine itself, and nowhere else, even if the cloud is published for all."""

import json
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
import requests

from tests.compose.engine import Compose, docker
from tests.compose.maildev import HOST, Maildev
from tests.support.waiting import wait_until

#: Requests the mailbox at each `host:port`; prints a line for each path: status and body, or the error.
PROBE = """
import sys
from http.client import HTTPConnection
for address in sys.argv[1:]:
    for path in ("/", "/email", "/api/email"):
        try:
            connection = HTTPConnection(address, timeout=10)
            connection.request("GET", path, headers={"Host": "mail.localhost"})
            response = connection.getresponse()
            print(response.status, response.read().decode(errors="replace").replace("\\n", " "))
        except OSError as error:
            print(type(error).__name__, error)
"""
PATHS = 3


@pytest.fixture(scope="module")
def published(engine: None) -> Iterator[Compose]:
    """The gateway and the mailbox of a cloud that is published for other machines."""
    files = ("compose.yaml", "tests/compose/mailbox.yaml")
    compose = Compose("bokeh-cloud-mailbox", files, {"BOKEH_CLOUD_ADDRESS": "0.0.0.0"})
    compose.down()
    try:
        compose.up("maildev")
        compose("up", "--detach", "--no-build", "gateway")
        wait_until(lambda: is_up(compose.url), seconds=60)
        yield compose
    finally:
        compose.down()


def is_up(url: str) -> bool:
    """Return whether a server responds, whatever it says."""
    try:
        return requests.get(url, timeout=30).status_code > 0
    except requests.ConnectionError:
        return False


def read_from(network: str, *addresses: str) -> dict[str, list[str]]:
    """Return what a container in a network gets at addresses, a line for each path."""
    options = ["--rm", "--network", network, "--env", "RES_OPTIONS=timeout:1 attempts:1"]
    command = ["run", *options, "bokeh-cloud/auth:latest", "python", "-c", PROBE]
    lines = docker(*command, *addresses).splitlines()
    assert len(lines) == PATHS * len(addresses)
    return {address: lines[i * PATHS : (i + 1) * PATHS] for i, address in enumerate(addresses)}


def bridge_address() -> str:
    """Return the machine's address in Docker's default network."""
    [network] = json.loads(docker("network", "inspect", "bridge"))
    config = network["IPAM"]["Config"][0]
    # Without a gateway in the configuration, Docker uses the first address.
    return str(config.get("Gateway") or next(ip_network(config["Subnet"]).hosts()))


def gateway_address(compose: Compose, network: str) -> str:
    """Return the gateway's address in a network of the cloud."""
    [gateway] = compose.inspect("gateway")
    return str(gateway["NetworkSettings"]["Networks"][network]["IPAddress"])


def test_the_machine_itself_reads_the_mailbox(published: Compose) -> None:
    assert list(Maildev(published.local_url).mails) == []
    foreign = {"Host": HOST, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert requests.get(published.local_url, headers=foreign, timeout=30).status_code == 403


def test_another_container_does_not_read_it_at_the_machines_address(published: Compose) -> None:
    machine = bridge_address()
    public, local = f"{machine}:{published.port}", f"{machine}:{published.local_port}"
    found = read_from("bridge", public, local)
    assert all(line.split()[0] in {"404", "502", "503"} for line in found[public]), found
    assert all("problems" in line for line in found[public]), found  # of the gateway, not of maildev
    assert all(line.startswith("ConnectionRefusedError") for line in found[local]), found


@pytest.mark.parametrize("name", ["outside", "inside"])
def test_another_container_does_not_read_it_at_the_gateways_address(published: Compose, name: str) -> None:
    network = f"{published.project}_{name}"
    gateway = gateway_address(published, network)
    found = read_from(network, f"{gateway}:8080", f"{gateway}:8090", "maildev:1080")
    assert all("problems" in line for line in found[f"{gateway}:8080"]), found
    assert [line.strip() for line in found[f"{gateway}:8090"]] == ["403"] * PATHS
    assert all(line.startswith("gaierror") for line in found["maildev:1080"]), found


def test_the_machines_public_address_has_no_mailbox(published: Compose) -> None:
    machine = bridge_address()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{machine}:{published.local_port}", headers={"Host": HOST}, timeout=10)
    response = requests.get(f"http://{machine}:{published.port}", headers={"Host": HOST}, timeout=90)
    assert response.headers["Content-Type"] == "application/problem+json"
