"""Reads many event streams in a process of its own, and checks that each gets every row once."""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import quote, urlsplit

from tests.support.live_rows import decode

#: How long readers wait for rows after the last append.
PATIENCE_SECONDS = 60.0
READ_BYTES = 1 << 16


@dataclass
class Arrivals:
    """What has arrived.

    Attributes:
        last: when a row had arrived at all streams, by its number.
        complete: how many streams have all rows.
        wrong: how many missed rows, or got one twice.
        events: how many events arrived at all streams.
        bytes: of the events at all streams.
    """

    last: dict[float, float] = field(default_factory=dict)
    complete: int = 0
    wrong: int = 0
    events: int = 0
    bytes: int = 0

    def delay_of(self, end: float, at: float) -> float:
        """Return after how many seconds a row, or a later one, had arrived everywhere."""
        return min((time for number, time in self.last.items() if number >= end), default=float("inf")) - at


class ReaderProcess:
    """The process of the readers."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection

    def wait(self, count: int) -> Arrivals:
        """Return what has arrived when all streams have so many rows, or after a while."""
        self._connection.send(count)
        found: Arrivals = self._connection.recv()
        return found


@contextmanager
def read_streams(plot: str, state: str, count: int) -> Iterator[ReaderProcess]:
    """Open streams of a plot since a state, in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(theirs, plot, state, count))
    process.start()
    assert ours.recv() == "open"
    yield ReaderProcess(ours)
    process.join()


def run(connection: "Connection[Any, Any]", plot: str, state: str, count: int) -> None:
    """Read streams; called in a process of its own."""
    asyncio.run(Readers(state, count).run(connection, plot))


class Readers:
    """Streams of one plot."""

    def __init__(self, state: str, count: int) -> None:
        """Start where a state ends."""
        self._state = state
        self._ends = [int(state.split("-")[2].split(".")[2])] * count
        self._events: dict[bytes, tuple[int, int, float]] = {}
        self._reached: dict[int, int] = {}
        self._wrong: set[int] = set()
        self.arrivals = Arrivals()

    async def run(self, connection: "Connection[Any, Any]", plot: str) -> None:
        """Read until all rows have arrived."""
        opened = [await self._open(plot) for _ in self._ends]
        tasks = [asyncio.create_task(self._read(number, reader)) for number, (reader, _) in enumerate(opened)]
        connection.send("open")
        while not connection.poll():
            await asyncio.sleep(0.1)
        await self._wait(connection.recv())
        for task in tasks:
            task.cancel()
        connection.send(self.arrivals)

    async def _open(self, plot: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = urlsplit(plot)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        path = f"{address.path}/events?since={quote(self._state)}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        return reader, writer

    async def _wait(self, count: int) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and any(end < count for end in self._ends):
            await asyncio.sleep(0.05)
        self.arrivals.complete = sum(end == count for end in self._ends)
        self.arrivals.wrong = len(self._wrong)

    async def _read(self, number: int, reader: asyncio.StreamReader) -> None:
        """Read the chunks of a response (RFC 9112, 7.1), each of them one or more events."""
        while size := int(await reader.readline() or b"0", 16):
            block = (await reader.readexactly(size + 2))[:size]
            for event in block.split(b"\n\n"):
                if event.startswith(b"event: data"):
                    self._apply(number, event)

    def _apply(self, number: int, event: bytes) -> None:
        found = self._events.get(event)
        if found is None:
            found = self._events[event] = parse(event)
        start, end, last = found
        if self._ends[number] != start:
            self._wrong.add(number)
        self._ends[number] = end
        self.arrivals.events += 1
        self.arrivals.bytes += len(event) + 2
        self._reached[end] = self._reached.get(end, 0) + 1
        if self._reached[end] == len(self._ends):
            self.arrivals.last[last] = time.time()


def parse(event: bytes) -> tuple[int, int, float]:
    """Return from where to where the rows of an event go, and the last value of the column `t`."""
    text = next(line for line in event.split(b"\n") if line.startswith(b"data: "))
    [source] = json.loads(text.removeprefix(b"data: "))["sources"]
    rows = decode(source["rows"]["columns"]["t"])
    start = source["rows"]["start"]
    return start, start + len(rows), rows[-1]
