"""A cloud in containers, configured by compose.yaml and the files that override it."""

import json
import os
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests import ROOT
from tests.support.ports import free_port

COMMAND_SECONDS = 900

#: Docker may not have detached all containers from a network yet when it removes it. Some versions never do,
#: if a container is killed while it starts.
IN_USE, DOWN_ATTEMPTS = "has active endpoints", 3

#: The services of this code that receive requests; their images have the same names.
SERVICES = ("auth", "plots", "data", "gc", "web")

#: An image of Prometheus that is built here, so that no registry of images is needed.
PROMETHEUS_IMAGE = "bokeh-cloud-test/prometheus"


def docker(*command: str, stdin: str = "", seconds: float = COMMAND_SECONDS, **environ: str) -> str:
    """Run `docker` in the project's folder, and return its standard output.

    Raises:
        AssertionError: the command failed; the message has its output.
    """
    done = subprocess.run(
        ["docker", *command],
        cwd=ROOT,
        env={**os.environ, **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, f"docker {' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def engine_is_available() -> bool:
    """Tell whether there are a Docker engine and compose."""
    try:
        docker("info", seconds=30)
        docker("compose", "version", seconds=30)
    except (OSError, AssertionError):
        return False
    return True


def build_images() -> None:
    """Build the images of this code and of Prometheus."""
    docker("compose", "build", "--quiet")
    recipe = ["--file", "tests/compose/prometheus.Dockerfile", "--tag", PROMETHEUS_IMAGE]
    docker("build", "--quiet", *recipe, ".")


@dataclass
class Compose:
    """A cloud in containers.

    Attributes:
        project: the name of the compose project.
        files: the files of compose; later ones override earlier ones.
        environ: environment variables that the files use.
        port: the port of the gateway.
        local_port: the port of its pages for this machine only.
    """

    project: str
    files: tuple[str, ...] = ("compose.yaml",)
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    local_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The URL of the cloud."""
        return f"http://localhost:{self.port}"

    @property
    def local_url(self) -> str:
        """The URL of the mailbox, which is for this machine only."""
        return f"http://localhost:{self.local_port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which `docker compose` selects this cloud."""
        return {
            **self.environ,
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": ":".join(self.files),
            "BOKEH_CLOUD_PORT": str(self.port),
            "BOKEH_CLOUD_LOCAL_PORT": str(self.local_port),
            "BOKEH_CLOUD_PROMETHEUS_IMAGE": PROMETHEUS_IMAGE,
            # All clients have the same address here.
            "BOKEH_CLOUD_MAILS_PER_HOUR": "1000",
            "BOKEH_CLOUD_QUOTA_UPLOADS": "1000000",
        }

    def __call__(self, *command: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run `docker compose`, and return its standard output."""
        return docker("compose", *command, seconds=seconds, **self.variables)

    def version(self, tag: str) -> "Compose":
        """Return the same cloud with images of another tag."""
        return replace(self, environ={**self.environ, "BOKEH_CLOUD_VERSION": tag})

    def up(self, *options: str) -> None:
        """Start the cloud, and wait until it is healthy."""
        self("up", "--detach", "--wait", "--no-build", *options)

    def upgrade(self) -> None:
        """Replace the services one by one, as `make upgrade` does."""
        environ = {**os.environ, **self.variables}
        command = ["make", "upgrade", "ARGS=--no-build"]
        subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=COMMAND_SECONDS)

    def down(self) -> None:
        """Stop the cloud at once, and delete its volumes."""
        for _ in range(DOWN_ATTEMPTS):
            try:
                self("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "0")
            except AssertionError as error:
                if IN_USE not in str(error):
                    raise
                time.sleep(1)
            else:
                return
        assert not self("--profile", "*", "ps", "--all", "--quiet").strip()
        warnings.warn("Docker takes the network of the cloud for used, and keeps it.", stacklevel=2)

    def containers(self, service: str) -> list[str]:
        """Return the ids of the running containers of a service."""
        return self("ps", "--quiet", service).split()

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """Return the details of all containers of a service, including stopped ones."""
        ids = self("ps", "--all", "--quiet", service).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return found

    def services(self) -> list[str]:
        """Return the names of the services."""
        return sorted(self("config", "--services").split())


@contextmanager
def start_compose(compose: Compose, *first: str) -> Iterator[Compose]:
    """Start a cloud, with some services `first`; at the end stop it and delete its volumes."""
    compose.down()
    try:
        if first:
            compose.up(*first)
        compose.up()
        yield compose
    finally:
        compose.down()
