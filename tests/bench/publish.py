"""Publishing a large figure from Python, next to a plain copy of the same bytes, and publishing it unchanged.

Rounds alternate; figures are medians with the range. `BENCH_MB` says how large its columns are together
(1024), `BENCH_ROUNDS` how often (5).

* Publish: `Server.publish` with all of it: taking the figure apart, hashing, asking what is missing, sending
  (hashed and fsynced by the server), and the commit. Control: one process sends the same bytes over one
  loopback socket, another writes them to a file and fsyncs it once.
* Unchanged: the same figure again, over a relay that counts the bytes in both directions.
"""

import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.columns import CHUNK_BYTES
from tests.bench.transfer import MIB, ROUNDS, SIZE, Bench, spread
from tests.conftest import one_process

AIM_BYTES = 100_000
BLOCK = 1 << 16


def main() -> None:
    """Measure, and print a table."""
    values = np.random.default_rng(1).standard_normal(SIZE // 8)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        one_process(f"local://{folder}/storage", BOKEH_CLOUD_PROGRESS="no") as url,
        relay(url) as (counted_url, counted),
    ):
        figures = Figures(url, counted_url, values)
        control = Bench(url, values, Path(folder)).copy_to_file
        figures.publish()  # warm
        control()
        print(f"a line of {SIZE // 16:,} points, {SIZE // MIB} MiB, {ROUNDS} rounds, local, median (range)")
        rates, again, sizes = [], [], []
        for _ in range(ROUNDS):
            rates.append((SIZE / figures.publish() / 1e6, SIZE / control() / 1e6))
            before = sum(counted)
            again.append(figures.publish_again())
            sizes.append(sum(counted) - before)
    show_rates(rates)
    kept = ", ".join(f"{size:,}" for size in sorted(set(sizes)))
    seconds = f"{statistics.median(again):.2f} s ({min(again):.2f}-{max(again):.2f})"
    print(f"unchanged  {seconds}, {kept} bytes on the wire (aim {AIM_BYTES:,})", flush=True)


def show_rates(rates: list[tuple[float, float]]) -> None:
    """Print the line of publishing and its control."""
    mine, theirs = zip(*rates, strict=True)
    ratio = statistics.median(a / b for a, b in rates)
    print(
        f"publish    {spread(mine)} MB/s; a socket copied to a file, one fsync: {spread(theirs)} MB/s; "
        f"ratio {ratio:.2f}",
        flush=True,
    )


class Figures:
    """One figure with two columns, whose chunks are new each round."""

    def __init__(self, url: str, counted_url: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
        self._server, self._counted = bokeh_cloud.Server(url), bokeh_cloud.Server(counted_url)
        self._values, self._round = values, 0
        for server in (self._server, self._counted):
            assert server.user_id == "local"  # asked now, not while time is taken

    def publish(self) -> float:
        """Publish with new data; return seconds."""
        self._round += 1
        self._values[:: CHUNK_BYTES // 8] = self._round  # no chunk is what it was
        return self._published(self._server, unchanged=False)

    def publish_again(self) -> float:
        """Publish the same over the relay; return seconds."""
        return self._published(self._counted, unchanged=True)

    def _published(self, server: bokeh_cloud.Server, *, unchanged: bool) -> float:
        half = len(self._values) // 2
        drawn = figure(output_backend="webgl")
        drawn.line(self._values[:half], self._values[half:])
        started = time.perf_counter()
        plot = server.publish(drawn, "bench")
        seconds = time.perf_counter() - started
        assert plot.unchanged == unchanged
        return seconds


@contextmanager
def relay(url: str) -> Iterator[tuple[str, list[int]]]:
    """Pass connections on to a server; yield the address to use, and the bytes that go through."""
    host, port = url.removeprefix("http://").split(":")
    listener, counted = socket.create_server(("127.0.0.1", 0)), []

    def pump(source: socket.socket, target: socket.socket) -> None:
        while block := source.recv(BLOCK):
            counted.append(len(block))
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:  # closed
                return
            far = socket.create_connection((host, int(port)))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://localhost:{listener.getsockname()[1]}", counted
    finally:
        listener.close()
