"""Moving a large column in and out, each way next to its control in the same run.

Rounds of the two alternate; figures are medians with the range. `BENCH_MB` says how large the column is
(1024), `BENCH_ROUNDS` how often (5).

* Upload: the client's own way, with all of it: asking what is missing, 4 requests of 4 MiB at a time, each
  hashed and fsynced by the server, and the commit. Control: one process sends the same bytes over one
  loopback socket, another writes them to a file as they come (1 MiB at a time) and fsyncs it once.
* Download: a GET of the column, against `sendfile` of one file of the same bytes; both read into one buffer.
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

from bokeh_cloud.columns import CHUNK_BYTES, Column, column
from bokeh_cloud.config.address import Address
from bokeh_cloud.connection import Connection
from bokeh_cloud.upload import create_sources, upload_chunks
from tests.conftest import one_process

MIB = 1 << 20
SIZE = int(os.environ.get("BENCH_MB", "1024")) * MIB
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BLOCK = MIB
GROWTH_AIM = 32 * MIB

Seconds = Callable[[], float]

_PROCESSES = get_context("fork")


def main() -> None:
    """Measure, and print a table."""
    values = np.random.default_rng(1).standard_normal(SIZE // 8)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        one_process(f"local://{folder}/storage") as url,
    ):
        bench = Bench(url, values, Path(folder))
        bench.upload()  # warm
        print(f"{SIZE // MIB} MiB of float64, {ROUNDS} rounds, local backend, median (range)")
        show("upload", bench.upload, bench.copy_to_file, "a socket copied to a file, one fsync", 0.5, bench)
        show("download", bench.download, bench.sendfile, "sendfile", 0.8, bench)


def show(work: str, ours: Seconds, control: Seconds, what: str, aim: float, bench: "Bench") -> None:
    """Measure ours and the control in turns, and print their line."""
    control()
    with growth(bench.server) as grown:
        turns = [(SIZE / ours() / 1e6, SIZE / control() / 1e6) for _ in range(ROUNDS)]
    mine, theirs = zip(*turns, strict=True)
    ratio = statistics.median(a / b for a, b in turns)
    print(
        f"{work:10} {spread(mine)} MB/s; {what}: {spread(theirs)} MB/s; ratio {ratio:.2f} (aim {aim}); "
        f"the server grew by {grown[0] / MIB:.0f} MiB (aim {GROWTH_AIM // MIB})",
        flush=True,
    )


def spread(rates: tuple[float, ...]) -> str:
    """Return the median and the range of rates."""
    return f"{statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f})"


class Bench:
    """A column that is moved to and from a server."""

    def __init__(self, url: str, values: NDArray[np.float64], folder: Path) -> None:
        self.url = url
        self.server = descendants(os.getpid())[-1]
        self._connection = Connection(Address(url, None))
        self._values = values
        self._folder = folder
        self._round = self._copies = 0
        self._column: Column | None = None

    def upload(self) -> float:
        """Send a column that is not there, and commit it; return seconds."""
        self._round += 1
        self._values[:: CHUNK_BYTES // 8] = self._round  # no chunk is what it was
        started = time.perf_counter()
        self._column = column("float64", self._values.shape, memoryview(self._values.data))
        upload_chunks(self._connection, "local", [self._column], "", show=False)
        create_sources(self._connection, "local", {"bench": {"x": self._column}})
        return time.perf_counter() - started

    def copy_to_file(self) -> float:
        """Send the values to a process that writes them to a file; return seconds."""
        self._copies += 1
        path = self._folder / f"copy{self._copies}"  # kept, as chunks are: new files need new memory
        with serving(_to_file, path) as connection:
            started = time.perf_counter()
            view = memoryview(self._values.data).cast("B")
            connection.sendall(view)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b"k"
            return time.perf_counter() - started

    def download(self) -> float:
        """Read the column that was uploaded last, as it is stored; return seconds."""
        assert self._column is not None
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            started = time.perf_counter()
            path = f"/local/data/columns/{self._column.hash}"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            received = drain(connection)
            taken = time.perf_counter() - started
        assert received > SIZE
        return taken

    def sendfile(self) -> float:
        """Read the same bytes from a process that sends a file; return seconds."""
        path = self._folder / "file"
        if not path.exists():
            self._values.tofile(path)
        with serving(_send_file, path) as connection:
            started = time.perf_counter()
            connection.sendall(b"g")
            assert drain(connection) == SIZE
            return time.perf_counter() - started


@contextmanager
def serving(serve: Callable[[socket.socket, Path], None], path: Path) -> Iterator[socket.socket]:
    """Start a process that serves one connection, and yield the other end."""
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


def _to_file(connection: socket.socket, path: Path) -> None:
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
    """Read to the end; return how many bytes that were."""
    buffer, received = memoryview(bytearray(BLOCK)), 0
    while size := connection.recv_into(buffer):
        received += size
    return received


def descendants(process: int) -> list[int]:
    """Return the processes that this one started, and those that they did, the youngest generation last."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    children = [int(child) for child in text.split()]
    return children + [below for child in children for below in descendants(child)]


def resident(process: int) -> int:
    """Return the bytes of memory that a process has (RSS)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growth(process: int) -> Iterator[list[int]]:
    """Watch how much memory a process has; yield a list whose first item is by how many bytes it grew."""
    before, grown, done = resident(process), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            grown[0] = max(grown[0], resident(process) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        done.set()
        watcher.join()
