"""Changes of several threads in one transaction, so that they wait for the disk once and not in turns.

SQLite lets one connection write at a time, and has the others sleep and try again; each change then waits for
its own `fdatasync`. Here who comes while somebody writes is written by the next one, with all that have come.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bokeh_common.storage.sqlite import Connections

Value = str | int | bytes


@dataclass(eq=False)
class _Change:
    """A statement, and what came of it."""

    statement: str
    values: Sequence[Value]
    rows: int | None = None
    error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> int:
        return connection.execute(self.statement, self.values).rowcount


@dataclass(eq=False)
class _Queue:
    """Changes of one process that wait to be written."""

    pid: int = field(default_factory=os.getpid)
    waiting: list[_Change] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def add(self, change: _Change) -> None:
        with self.guard:
            self.waiting.append(change)

    def take(self) -> list[_Change]:
        with self.guard:
            taken, self.waiting = self.waiting, []
        return taken


class Writer:
    """Writes the changes of all threads of this process to one file."""

    def __init__(self, connections: Connections) -> None:
        """Take the connections to the file."""
        self._connections = connections
        self._queue = _Queue()

    def change(self, statement: str, *values: Value) -> int:
        """Do one statement, durably, and return how many rows it changed; raises `sqlite3.Error`."""
        change, queue = _Change(statement, values), self._own_queue()
        queue.add(change)
        with queue.turn:
            if change.rows is None and change.error is None:
                self._write(queue.take())
        if change.error is not None:
            raise change.error
        return change.rows or 0

    def _own_queue(self) -> _Queue:
        """Return this process's queue: a child's locks may be held by threads that only its parent has."""
        if self._queue.pid != os.getpid():
            self._queue = _Queue()
        return self._queue

    def _write(self, changes: list[_Change]) -> None:
        try:
            connection = self._connections.get()
            if len(changes) == 1 or not _write_together(connection, changes):
                for change in changes:
                    _write_alone(connection, change)
        except sqlite3.Error as error:  # the file is locked, the disk is full: that is so for each of them
            _fail(changes, str(error))
        finally:
            _fail(changes, "the thread that wrote it was interrupted")


def _write_together(connection: sqlite3.Connection, changes: list[_Change]) -> bool:
    """Write changes in one transaction; False when one of them cannot be, and none was."""
    try:
        with transaction(connection):
            rows = [change.run(connection) for change in changes]
    except sqlite3.OperationalError:
        raise
    except Exception:  # noqa: BLE001 - whose fault it was, and what, shows when each is done by itself
        return False
    for change, count in zip(changes, rows, strict=True):
        change.rows = count
    return True


def _write_alone(connection: sqlite3.Connection, change: _Change) -> None:
    try:
        change.rows = change.run(connection)
    except Exception as error:  # noqa: BLE001 - its own thread raises it
        change.error = error


def _fail(changes: list[_Change], why: str) -> None:
    for change in changes:
        if change.rows is None and change.error is None:
            change.error = sqlite3.OperationalError(why)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Do several things as one: all of them, or none when an exception comes through."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
