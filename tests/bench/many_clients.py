"""Many connections at once: slow readers, slow senders and event streams, and what others notice of them.

* Slow clients: 500 read a column of 40 MB and 500 send a chunk, at 20 KB per second each, while one client
  opens pages. Baseline: the same pages without them. Also the growth of the server's memory.
* Event streams: 2,000 are open and idle. Also the growth of memory, and the number of threads.
"""

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from blake3 import blake3

from tests.bench.slow_clients import COLUMN_BYTES, SlowClients
from tests.bench.transfer import descendants, resident_memory
from tests.integration.test_api_spec.caller import Caller, publication
from tests.support.embedded_server import one_process

MB = 1_000_000
READERS = SENDERS = int(os.environ.get("BENCH_SLOW", "500"))
STREAMS = int(os.environ.get("BENCH_STREAMS", "2000"))
PAGES = int(os.environ.get("BENCH_PAGES", "1000"))

Connect = Callable[[], Awaitable[tuple[asyncio.StreamWriter, object]]]


class Cloud:
    """A running cloud with a plot and a large chunk."""

    def __init__(self, url: str) -> None:
        """Publish the plot, and store the chunk."""
        self.url = url
        self._visitor = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self.server = descendants(os.getpid())[-1]
        ada = Caller(url, "local")
        source = ada.ok("POST", "/{user}/data", json={"name": "numbers", "columns": {"y": ada.upload(1.0)}})
        self.plot = ada.ok("POST", "/{user}/store", json=publication("bench", source))["id"]
        data = bytes(COLUMN_BYTES)
        self.chunk = blake3(data).hexdigest()
        self.slow = SlowClients(url, "local", "", self.chunk)
        httpx.put(f"{url}/local/data/chunks/{self.chunk}", content=data, timeout=60).raise_for_status()

    async def open_event_stream(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        """Open the event stream of the plot, and wait for its head."""
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 14)
        path = f"/plots/{self.plot}/events"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        return writer, reader

    async def page_seconds(self) -> list[float]:
        """Return the sorted times of plot pages; another process opens them, which has nothing else to do."""
        page = f"{self.url}/plots/{self.plot}/show"
        return await asyncio.get_running_loop().run_in_executor(self._visitor, open_pages, page)


def open_pages(page: str) -> list[float]:
    """Open a page again and again; return the sorted times in seconds."""
    seconds = []
    with httpx.Client(timeout=60) as client:
        for _ in range(PAGES):
            started = time.perf_counter()
            client.get(page).raise_for_status()
            seconds.append(time.perf_counter() - started)
    return sorted(seconds)


@asynccontextmanager
async def many(connect: Connect, count: int) -> AsyncIterator[None]:
    """Keep so many connections open during the block."""
    opened = [await connect() for _ in range(count)]
    try:
        yield
    finally:
        for writer, _ in opened:
            writer.close()


async def measure(cloud: Cloud) -> None:
    """Measure and print the table."""
    await cloud.page_seconds()  # warm up
    before, memory = await cloud.page_seconds(), resident_memory(cloud.server)
    report("pages alone", before, before, 0, cloud)
    async with many(cloud.slow.open_reader, READERS), many(cloud.slow.open_sender, SENDERS):
        await asyncio.sleep(5)
        name = f"pages beside {READERS} slow readers and {SENDERS} slow senders"
        report(name, await cloud.page_seconds(), before, memory, cloud)
    await asyncio.sleep(5)
    memory = resident_memory(cloud.server)
    async with many(cloud.open_event_stream, STREAMS):
        await asyncio.sleep(2)
        report(f"pages beside {STREAMS} event streams", await cloud.page_seconds(), before, memory, cloud)


def report(name: str, seconds: list[float], before: list[float], memory: int, cloud: Cloud) -> None:
    """Print a line: percentiles of pages in milliseconds, their ratio, memory in MB, and threads."""
    half, most = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    ratio = most / before[int(len(before) * 0.99)]
    grown = (resident_memory(cloud.server) - memory) / MB if memory else 0
    threads = len(list(Path(f"/proc/{cloud.server}/task").iterdir()))
    times = f"{1000 * half:.1f} / {1000 * most:.1f} ms, ratio {ratio:.2f}"
    print(f"{name}: p50 / p99 {times}; {grown:+.0f} MB; {threads} threads")


def main() -> None:
    """Measure and print the table."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, one_process(f"local://{folder}") as url:
        asyncio.run(measure(Cloud(url)))
