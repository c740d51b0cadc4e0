"""Starts the embedded cloud in a process of its own, by its command."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO

import requests

from tests.support.ports import free_port

#: Long enough for a machine that is busy with other things.
START_SECONDS = STOP_SECONDS = 120


@contextmanager
def one_process(
    storage: str, *options: str, output: IO[bytes] | None = None, **environ: str
) -> Iterator[str]:
    """Start the embedded cloud by its command, and yield its URL.

    Args:
        storage: the URL of its storage.
        options: more options of the command.
        output: a file for everything that it prints.
        environ: more environment variables.
    """
    with process_at(free_port(), storage, options, output, environ) as url:
        yield url


@contextmanager
def process_at(
    port: int,
    storage: str,
    options: Sequence[str] = (),
    output: IO[bytes] | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Start the embedded cloud on a port; see `one_process`."""
    program = os.environ.get("SERVER_PROGRAM") or str(Path(sys.executable).with_name("bokeh-cloud"))
    command = [program, "serve", "--port", str(port), "--no-samples"]
    env = {**os.environ, **environ}
    server = subprocess.Popen(
        [*command, "--storage", storage, *options], stdout=output, stderr=output, env=env
    )
    url = f"http://localhost:{port}"
    try:
        wait_for(f"{url}/health/ready", server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=STOP_SECONDS)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until `url` responds with success.

    Raises:
        RuntimeError: the server ended, or does not respond in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server of {url} ended with {server.returncode}")
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not respond within {START_SECONDS} seconds")
