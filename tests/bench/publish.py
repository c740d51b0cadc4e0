"""Publishing a large figure with the client, and publishing it again unchanged.

Rounds of publishing and of its baseline alternate; figures are medians with the range. `BENCH_MB` is the size
of all columns (1024), `BENCH_ROUNDS` the number of rounds (5).

* Publish: `Server.publish`, including serialisation, hashing, the request for missing chunks, the upload
  (which the server hashes and fsyncs), and the commit. Baseline: a process sends the same bytes over one
  loopback socket, and another writes them to a file and fsyncs it once.
* Unchanged: the same figure again, through a relay that counts the bytes in both directions.
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
from bokeh_cloud.columns.chunked_column import CHUNK_BYTES
from tests.bench.figures import spread
from tests.bench.transfer import MIB, ROUNDS, SIZE, TransferBench
from tests.support.embedded_server import one_process

AIM_BYTES = 100_000
BLOCK = 1 << 16


def main() -> None:
    """Measure and print the table."""
    values = np.random.default_rng(1).standard_normal(SIZE // 8)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        one_process(f"local://{folder}/storage", BOKEH_CLOUD_PROGRESS="no") as url,
        relay(url) as (counted_url, counted),
    ):
        large = LargeFigure(url, counted_url, values)
        baseline = TransferBench(url, values, Path(folder)).copy_to_file
        large.publish()  # warm up
        baseline()
        print(f"a line of {SIZE // 16:,} points, {SIZE // MIB} MiB, {ROUNDS} rounds, local, median (range)")
        rates, again, sizes = [], [], []
        for _ in range(ROUNDS):
            rates.append((SIZE / large.publish() / 1e6, SIZE / baseline() / 1e6))
            before = sum(counted)
            again.append(large.publish_again())
            sizes.append(sum(counted) - before)
    print_rates(rates)
    transferred = ", ".join(f"{size:,}" for size in sorted(set(sizes)))
    print(f"unchanged  {spread(again, 2)} s, {transferred} bytes transferred (aim {AIM_BYTES:,})", flush=True)


def print_rates(rates: list[tuple[float, float]]) -> None:
    """Print the rates of publishing and of its baseline."""
    ours, baseline = zip(*rates, strict=True)
    ratio = statistics.median(a / b for a, b in rates)
    print(
        f"publish    {spread(ours, 0)} MB/s; a socket copied to a file, one fsync: {spread(baseline, 0)} "
        f"MB/s; ratio {ratio:.2f}",
        flush=True,
    )


class LargeFigure:
    """A figure with two columns, whose chunks change in each round."""

    def __init__(self, url: str, counted_url: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
        self._server, self._counted = bokeh_cloud.Server(url), bokeh_cloud.Server(counted_url)
        self._values, self._round = values, 0
        for server in (self._server, self._counted):
            assert server.user_id == "local"  # requested now, so that it is not measured

    def publish(self) -> float:
        """Publish the figure with new data; return the seconds."""
        self._round += 1
        self._values[:: CHUNK_BYTES // 8] = self._round  # changes every chunk
        return self._publish(self._server, unchanged=False)

    def publish_again(self) -> float:
        """Publish the same figure through the relay; return the seconds."""
        return self._publish(self._counted, unchanged=True)

    def _publish(self, server: bokeh_cloud.Server, *, unchanged: bool) -> float:
        half = len(self._values) // 2
        plot = figure(output_backend="webgl")
        plot.line(self._values[:half], self._values[half:])
        start = time.perf_counter()
        published = server.publish(plot, "bench")
        seconds = time.perf_counter() - start
        assert published.unchanged == unchanged
        return seconds


@contextmanager
def relay(url: str) -> Iterator[tuple[str, list[int]]]:
    """Relay connections to a server; yield the URL of the relay, and the sizes of the blocks it relayed."""
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
                client, _ = listener.accept()
            except OSError:  # the listener was closed
                return
            server = socket.create_connection((host, int(port)))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://localhost:{listener.getsockname()[1]}", counted
    finally:
        listener.close()
