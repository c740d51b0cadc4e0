"""Fixture `cloud`: a running Bokeh Cloud, over real HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import ChromiumMissing, find_chromium, launch

START_SECONDS = 30


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def one_process(
    storage: str, *options: str, output: IO[bytes] | None = None, **environ: str
) -> Iterator[str]:
    """Start the embedded cloud as its command does, and yield its URL.

    Args:
        storage: its URL.
        options: more options of the command.
        output: a file for everything that it prints.
        environ: more environment variables.
    """
    port = free_port()
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
        server.wait(timeout=30)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until `url` answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer in {START_SECONDS} seconds")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running cloud: that of `CLOUD_URL`, or one that is started for the session."""
    if url := os.environ.get("CLOUD_URL"):
        yield url
        return
    with one_process(f"local://{tmp_path_factory.mktemp('cloud')}") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of all tests; profiles and tabs are a test's own.

    One, because Playwright keeps its event loop running in the thread for as long as it is open, and
    refuses to open a second time beside it.
    """
    try:
        find_chromium()
    except ChromiumMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
