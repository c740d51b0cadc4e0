"""Upload and download of a large column.

Rounds of each and of its baseline alternate; figures are medians with the range. `BENCH_MB` is the size of
the column (1024), `BENCH_ROUNDS` the number of rounds (5).

* Upload: the client's upload, including the request for missing chunks, 4 requests of 4 MiB at a time, each
  of which the server hashes and fsyncs, and the commit. Baseline: a process sends the same bytes over one
  loopback socket, and another writes them to a file in blocks of 1 MiB and fsyncs it once.
* Download: a GET of the column. Baseline: `sendfile` of a file of the same bytes. Both are read into one
  buffer.
"""

import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokeh_cloud.columns.chunked_column import CHUNK_BYTES, ChunkedColumn, chunked_column
from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import Connection
from bokeh_cloud.publishing.upload import create_sources, upload_chunks
from tests.bench.figures import spread
from tests.support.embedded_server import one_process

MIB = 1 << 20
SIZE = int(os.environ.get("BENCH_MB", "1024")) * MIB
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BLOCK = MIB
GROWTH_AIM = 32 * MIB

Seconds = Callable[[], float]

_PROCESSES = get_context("fork")


def main() -> None:
    """Measure and print the table."""
    values = np.random.default_rng(1).standard_normal(SIZE // 8)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        one_process(f"local://{folder}/storage") as url,
    ):
        bench = TransferBench(url, values, Path(folder))
        bench.upload()  # warm up
        print(f"{SIZE // MIB} MiB of float64, {ROUNDS} rounds, local backend, median (range)")
        baseline = "a socket copied to a file, one fsync"
        measure("upload", bench.upload, bench.copy_to_file, baseline, 0.5, bench)
        measure("download", bench.download, bench.sendfile, "sendfile", 0.8, bench)


def measure(
    work: str, ours: Seconds, baseline: Seconds, label: str, aim: float, bench: "TransferBench"
) -> None:
    """Measure our transfer and its baseline alternately, and print a line."""
    baseline()
    with growth(bench.server) as grown:
        turns = [(SIZE / ours() / 1e6, SIZE / baseline() / 1e6) for _ in range(ROUNDS)]
    our_rates, baseline_rates = zip(*turns, strict=True)
    ratio = statistics.median(a / b for a, b in turns)
    print(
        f"{work:10} {spread(our_rates, 0)} MB/s; {label}: {spread(baseline_rates, 0)} MB/s; "
        f"ratio {ratio:.2f} (aim {aim}); "
        f"the server's memory grew by {grown[0] / MIB:.0f} MiB (aim {GROWTH_AIM // MIB})",
        flush=True,
    )


class TransferBench:
    """A column that is transferred to and from a server."""

    def __init__(self, url: str, values: NDArray[np.float64], folder: Path) -> None:
        self.url = url
        self.server = descendants(os.getpid())[-1]
        self._connection = Connection(ServerAddress(url, None))
        self._values = values
        self._folder = folder
        self._round = self._copies = 0
        self._column: ChunkedColumn | None = None

    def upload(self) -> float:
        """Upload and commit a new column; return the seconds."""
        self._round += 1
        self._values[:: CHUNK_BYTES // 8] = self._round  # changes every chunk
        start = time.perf_counter()
        self._column = chunked_column("float64", self._values.shape, memoryview(self._values.data))
        upload_chunks(self._connection, "local", [self._column], "", show=False)
        create_sources(self._connection, "local", {"bench": {"x": self._column}})
        return time.perf_counter() - start

    def copy_to_file(self) -> float:
        """Send the values to a process that writes them to a file; return the seconds."""
        self._copies += 1
        path = self._folder / f"copy{self._copies}"  # a new file, as chunks are
        with start_server(_write_file, path) as connection:
            start = time.perf_counter()
            view = memoryview(self._values.data).cast("B")
            connection.sendall(view)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b"k"
            return time.perf_counter() - start

    def download(self) -> float:
        """Download the column that was uploaded last; return the seconds."""
        assert self._column is not None
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            start = time.perf_counter()
            path = f"/local/data/columns/{self._column.hash}"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            received = drain(connection)
            seconds = time.perf_counter() - start
        assert received > SIZE
        return seconds

    def sendfile(self) -> float:
        """Read the same bytes from a process that sends a file; return the seconds."""
        path = self._folder / "file"
        if not path.exists():
            self._values.tofile(path)
        with start_server(_send_file, path) as connection:
            start = time.perf_counter()
            connection.sendall(b"g")
            assert drain(connection) == SIZE
            return time.perf_counter() - start


@contextmanager
def start_server(serve: Callable[[socket.socket, Path], None], path: Path) -> Iterator[socket.socket]:
    """Start a process that serves one connection, and yield the client's end of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = _PROCESSES.Process(target=_accept, args=(listener, serve, path), daemon=True)
    process.start()
    with socket.create_connection(listener.getsockname()) as connection:
        yield connection
    process.join()
    listener.close()


def _accept(listener: socket.socket, serve: Callable[[socket.socket, Path], None], path: Path) -> None:
    connection, _ = listener.accept()
    with connection:
        serve(connection, path)


def _write_file(connection: socket.socket, path: Path) -> None:
    buffer = memoryview(bytearray(BLOCK))
    with path.open("wb", buffering=0) as file:
        while size := connection.recv_into(buffer):
            file.write(buffer[:size])
        os.fsync(file.fileno())
    connection.sendall(b"k")


def _send_file(connection: socket.socket, path: Path) -> None:
    connection.recv(1)
    with path.open("rb") as file:
        connection.sendfile(file)


def drain(connection: socket.socket) -> int:
    """Read a connection to its end; return the number of bytes."""
    buffer, received = memoryview(bytearray(BLOCK)), 0
    while size := connection.recv_into(buffer):
        received += size
    return received


def descendants(process: int) -> list[int]:
    """Return the ids of all descendants of a process, the youngest generation last."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    children = [int(child) for child in text.split()]
    return children + [below for child in children for below in descendants(child)]


def resident_memory(process: int) -> int:
    """Return the resident memory (RSS) of a process, in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growth(process: int) -> Iterator[list[int]]:
    """Sample the memory of a process; yield a list whose only item is by how many bytes it grew."""
    before, grown, done = resident_memory(process), [0], threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            grown[0] = max(grown[0], resident_memory(process) - before)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield grown
    finally:
        done.set()
        thread.join()
