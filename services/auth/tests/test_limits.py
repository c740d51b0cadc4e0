"""Limits that several processes share."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_auth.limits import Limits
from bokeh_common.errors import TooMany, Unavailable
from bokeh_common.http.limits import Limiter
from tests.conftest import free_port


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    port = free_port()
    server = subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}", server
    server.terminate()
    server.wait(timeout=10)


def test_counts_are_shared_and_an_outage_is_said(redis: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    url, server = redis
    for _ in range(5):
        Limits(Limiter(url)).mail("10.0.0.1", "ada@example.com")  # each as another process would
    with pytest.raises(TooMany) as refused:
        Limits(Limiter(url)).mail("10.0.0.1", "ada@example.com")
    assert 0 < refused.value.members["retry_after"] <= 3600
    server.terminate()
    server.wait(timeout=10)
    with pytest.raises(Unavailable):
        Limits(Limiter(url)).mail("10.0.0.9", "x")
    with pytest.raises(Unavailable):
        Limits(Limiter(url)).failure("10.0.0.9")
    Limits(Limiter(url)).wrong_key("10.0.0.9")  # it opens nothing anyway


def test_addresses_do_not_reach_the_counter(redis: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    import redis as library

    url, _ = redis
    Limits(Limiter(url)).mail("10.0.0.1", "ada@example.com")
    names = list(library.Redis.from_url(url).scan_iter())
    assert len(names) == 3
    assert b"@" not in b"".join(names)


def test_addresses_of_one_mailbox_are_one() -> None:
    limits = Limits(Limiter())
    for i in range(5):
        limits.mail("10.0.0.1", f"ada+{i}@example.com")
    with pytest.raises(TooMany):
        limits.mail("10.0.0.1", "ada@example.com")
    limits.mail("10.0.0.1", "adam@example.com")
    limits.mail("10.0.0.1", "ada@example.org")
