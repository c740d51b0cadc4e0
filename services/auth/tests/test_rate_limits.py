"""Rate limits, also those that several processes share."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import TooManyRequests, Unavailable
from bokeh_common.http.rate_limits import RateLimiter
from tests.support.ports import free_port


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


def test_processes_share_counts_and_report_an_outage(redis: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    url, server = redis
    for _ in range(5):
        RateLimits(RateLimiter(url)).count_mail("10.0.0.1", "ada@example.com")  # each as in another process
    with pytest.raises(TooManyRequests) as refused:
        RateLimits(RateLimiter(url)).count_mail("10.0.0.1", "ada@example.com")
    assert 0 < refused.value.members["retry_after"] <= 3600
    server.terminate()
    server.wait(timeout=10)
    with pytest.raises(Unavailable):
        RateLimits(RateLimiter(url)).count_mail("10.0.0.9", "x")
    with pytest.raises(Unavailable):
        RateLimits(RateLimiter(url)).count_wrong_link("10.0.0.9")
    RateLimits(RateLimiter(url)).count_wrong_key("10.0.0.9")  # it is not accepted anyway


def test_addresses_are_not_sent_to_redis(redis: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    import redis as library

    url, _ = redis
    RateLimits(RateLimiter(url)).count_mail("10.0.0.1", "ada@example.com")
    names = list(library.Redis.from_url(url).scan_iter())
    assert len(names) == 3
    assert b"@" not in b"".join(names)


def test_addresses_of_one_mailbox_are_counted_together() -> None:
    limits = RateLimits(RateLimiter())
    for i in range(5):
        limits.count_mail("10.0.0.1", f"ada+{i}@example.com")
    with pytest.raises(TooManyRequests):
        limits.count_mail("10.0.0.1", "ada@example.com")
    limits.count_mail("10.0.0.1", "adam@example.com")
    limits.count_mail("10.0.0.1", "ada@example.org")
