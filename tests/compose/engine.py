"""A cloud of containers, as compose.yaml and the files over it make it."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
COMMAND_SECONDS = 900

#: The services of this code that answer requests, which are the names of their images too.
OURS = ("auth", "plots", "data", "gc", "web")

#: Our own image of Prometheus, for an engine without a registry.
PROMETHEUS_IMAGE = "bokeh-cloud-test/prometheus"


def docker(*command: str, given: str = "", seconds: float = COMMAND_SECONDS, **environ: str) -> str:
    """Run `docker` in the project's folder, with what is given as its input, and return what it prints.

    Raises:
        AssertionError: it failed; the message has what it printed.
    """
    done = subprocess.run(
        ["docker", *command],
        cwd=ROOT,
        env={**os.environ, **environ},
        input=given,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, f"docker {' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def engine_is_there() -> bool:
    """Whether there is a Docker engine, and compose."""
    try:
        docker("info", seconds=30)
        docker("compose", "version", seconds=30)
    except (OSError, AssertionError):
        return False
    return True


def build_images() -> None:
    """Build the images of this code, and Prometheus'."""
    docker("compose", "build", "--quiet")
    recipe = ["--file", "tests/compose/prometheus.Dockerfile", "--tag", PROMETHEUS_IMAGE]
    docker("build", "--quiet", *recipe, ".")


@dataclass
class Compose:
    """One cloud.

    Attributes:
        project: what its containers' names begin with.
        files: of compose, the first below the others.
        environ: variables that the files refer to.
        port: of the gateway.
    """

    project: str
    files: tuple[str, ...] = ("compose.yaml",)
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where the cloud is."""
        return f"http://localhost:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which `docker compose` means this cloud."""
        return {
            **self.environ,
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": ":".join(self.files),
            "BOKEH_CLOUD_PORT": str(self.port),
            "BOKEH_CLOUD_PROMETHEUS_IMAGE": PROMETHEUS_IMAGE,
            # Everybody comes from one address here.
            "BOKEH_CLOUD_MAILS_PER_HOUR": "1000",
            "BOKEH_CLOUD_QUOTA_UPLOADS": "1000000",
        }

    def __call__(self, *command: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run `docker compose`; as `docker`."""
        return docker("compose", *command, seconds=seconds, **self.variables)

    def version(self, tag: str) -> "Compose":
        """Return the same cloud with images of another tag."""
        return replace(self, environ={**self.environ, "BOKEH_CLOUD_VERSION": tag})

    def up(self, *options: str) -> None:
        """Start it, and wait until it is well."""
        self("up", "--detach", "--wait", "--no-build", *options)

    def upgrade(self) -> None:
        """Replace the services one after the other, as `make upgrade` does."""
        environ = {**os.environ, **self.variables}
        command = ["make", "upgrade", "ARGS=--no-build"]
        subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=COMMAND_SECONDS)

    def down(self) -> None:
        """End it at once, and delete what it kept."""
        self("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "0")

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers that run."""
        return self("ps", "--quiet", service).split()

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """Return what the engine says of a service's containers, also of those that have ended."""
        ids = self("ps", "--all", "--quiet", service).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return found

    def services(self) -> list[str]:
        """Return the names of its services."""
        return sorted(self("config", "--services").split())


@contextmanager
def running(compose: Compose, *first: str) -> Iterator[Compose]:
    """Start a cloud, some of its services before the others, and end it with all that it kept."""
    compose.down()
    try:
        if first:
            compose.up(*first)
        compose.up()
        yield compose
    finally:
        compose.down()
