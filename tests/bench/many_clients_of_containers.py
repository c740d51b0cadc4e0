"""Slow clients of a cloud in containers, through its gateway: `many_clients` measures one process.

500 read a column of 40 MB and 500 send a chunk, at 20 KB per second each, from several addresses
(containers), while one client opens pages. Baseline: the same pages without them. Needs Docker, and the
images that `docker compose build` makes.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from blake3 import blake3

from tests.bench.many_clients import MB, READERS, SENDERS, open_pages
from tests.bench.slow_clients import COLUMN_BYTES
from tests.compose.conftest import register_user, running_cloud
from tests.compose.engine import Compose, docker, start_compose
from tests.integration.test_api_spec.caller import Caller

ATTACKERS = int(os.environ.get("BENCH_ADDRESSES", "5"))  # containers, each with an address
SLOW = Path(__file__).with_name("slow_clients.py")
PYTHON = "python:3.13-slim-trixie"


def main() -> None:
    """Measure and print the table."""
    with start_compose(Compose("bokeh-cloud-bench")) as compose:
        measure(compose)


def measure(compose: Compose) -> None:
    """Measure and print the table of a running cloud."""
    ada = Caller(compose.url, "ada", register_user(running_cloud(compose), "ada"))
    page, chunk = publish_page(ada), store_chunk(ada)
    open_pages(page)  # warm up
    before = open_pages(page)
    report("pages alone", before, before, compose)
    with attackers(compose, ada, chunk) as names:
        time.sleep(5)
        seconds = open_pages(page)
        connected = sum(int(docker("logs", "--tail", "1", name)) for name in names)
        report(f"pages beside {connected} slow clients of {ATTACKERS} addresses", seconds, before, compose)


def publish_page(ada: Caller) -> str:
    """Publish a public plot, and return the URL of its page."""
    plot = ada.plot("bench", 1.0, 2.0)
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    return f"{ada.url}/plots/{plot['id']}/show"


def store_chunk(ada: Caller) -> str:
    """Store the chunk that slow clients read and send, and return its hash."""
    data = bytes(COLUMN_BYTES)
    chunk = blake3(data).hexdigest()
    headers = {"Authorization": f"Bearer {ada.key}"}
    url = f"{ada.url}/{ada.user}/data/chunks/{chunk}"
    httpx.put(url, content=data, headers=headers, timeout=60).raise_for_status()
    return chunk


@contextmanager
def attackers(compose: Compose, ada: Caller, chunk: str) -> Iterator[list[str]]:
    """Run containers with slow clients during the block, and yield their names."""
    names = [f"{compose.project}-attacker-{number}" for number in range(ATTACKERS)]
    account = "http://gateway:8080", ada.user, ada.key or ""
    counts = str(READERS // ATTACKERS), str(SENDERS // ATTACKERS)
    options = ["--detach", "--network", f"{compose.project}_outside", "--volume", f"{SLOW}:/slow.py:ro"]
    try:
        for name in names:
            docker("run", *options, "--name", name, PYTHON, "python", "/slow.py", *account, chunk, *counts)
        yield names
    finally:
        docker("rm", "--force", *names)


def report(name: str, seconds: list[float], before: list[float], compose: Compose) -> None:
    """Print a line: percentiles of pages in milliseconds, their ratio, and the memory of containers in MB."""
    half, most = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    ratio = most / before[int(len(before) * 0.99)]
    memory = ", ".join(
        f"{service} {memory_of(compose, service):.0f} MB" for service in ("gateway", "data", "web")
    )
    print(f"{name}: p50 / p99 {1000 * half:.1f} / {1000 * most:.1f} ms, ratio {ratio:.2f}; {memory}")


def memory_of(compose: Compose, service: str) -> float:
    """Return the memory that the first container of a service uses."""
    [container, *_] = compose.containers(service)
    usage = json.loads(docker("stats", "--no-stream", "--format", "{{json .}}", container))[
        "MemUsage"
    ].split()[0]
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    return float(usage[:-3]) * units[usage[-3:]] / MB
