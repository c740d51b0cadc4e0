"""Server processes for tests, on free ports of the loopback interface and in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

START_SECONDS = 60.0


class ServerProcess:
    """A server process.

    Attributes:
        port: its port on 127.0.0.1, which does not change when it is restarted.
    """

    def __init__(self, port: int, command: Sequence[str], folder: Path, crash: int = signal.SIGKILL) -> None:
        self.port = port
        self._crash = crash
        self._command = list(command)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        if self._process is None:
            raise AssertionError("the server is not running")
        return self._process

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        try:
            wait_until(self._is_ready)
        except BaseException:  # the caller cannot stop it
            self.stop()
            raise

    def kill(self) -> None:
        """Kill it, like a crash."""
        self.process.send_signal(self._crash)
        self.process.wait()
        self._process = None

    def stop(self) -> None:
        """Stop it if it is running."""
        if self._process is not None:
            self.kill()

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self._folder / "log").read_text(errors="replace")[-2000:])
        return accepts_connections(self.port)


class RedisProcess(ServerProcess):
    """A Redis server, which is ready when it has loaded its data."""

    def _is_ready(self) -> bool:
        return super()._is_ready() and "LOADING" not in (_cli(self.port, "ping") or "LOADING")


def redis_server(folder: Path, *options: str, port: int = 0) -> ServerProcess:
    """Start a Redis server, which is persistent unless options are given."""
    require_program("redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    return RedisProcess(port, [*command, *(options or ["--appendonly", "yes"])], folder)


def redis_cluster(folder: Path, nodes: int = 3) -> list[ServerProcess]:
    """Start a Redis Cluster without replicas."""
    require_program("redis-cli")
    options = ["--appendonly", "yes", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]
    servers = [
        redis_server(folder / str(number), *options, "--cluster-port", str(free_port()))
        for number in range(nodes)
    ]
    addresses = [f"127.0.0.1:{server.port}" for server in servers]
    command = ["redis-cli", "--cluster", "create", *addresses, "--cluster-yes"]
    subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS)
    wait_until(lambda: all(_is_cluster_ok(server.port) for server in servers))
    return servers


def azurite_server(folder: Path) -> ServerProcess:
    """Start Azurite, the emulator of Azure Blob Storage, which `tests/system-packages` installs."""
    program = shutil.which("azurite-blob") or _in_tools("azurite-blob")
    if program is None:
        skip_or_fail("Azurite is not installed: run tests/system-packages")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    # It writes its index only every 5 s, and on SIGTERM.
    return ServerProcess(port, [program, *options, *quiet], folder, crash=signal.SIGTERM)


def require_program(program: str) -> None:
    """Skip the test, or fail it in CI, if a program is not installed."""
    if shutil.which(program) is None:
        skip_or_fail(f"{program} is not installed: run tests/system-packages")


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, where all tests must run."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port on which no process listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def accepts_connections(port: int) -> bool:
    """Return whether a port accepts connections."""
    with closing(socket.socket()) as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition did not hold within {seconds} s: {condition}")
        time.sleep(0.02)


def _is_cluster_ok(port: int) -> bool:
    return "cluster_state:ok" in _cli(port, "cluster", "info")


def _cli(port: int, *words: str) -> str:
    command = ["redis-cli", "-p", str(port), *words]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=10).stdout.strip()


def _in_tools(name: str) -> str | None:
    """Return the path of a program that npm installed in .tools/ of this folder or a parent."""
    here = Path.cwd()
    found = [folder / ".tools/node_modules/.bin" / name for folder in (here, *here.parents)]
    return next((str(path) for path in found if path.is_file()), None)
