"""Group commit: concurrent changes of several threads share one transaction, and so one `fdatasync`.

SQLite allows one connection to write at a time; the others sleep and try again, and each change waits for its
own `fdatasync`. Here, changes that arrive while another thread is writing are queued, and the next thread
writes all of them in one transaction.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bokeh_common.storage.local.sqlite import ConnectionPool

Value = str | int | bytes


@dataclass(eq=False)
class _Change:
    """A statement and its result."""

    statement: str
    values: Sequence[Value]
    rows: int | None = None
    error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> int:
        return connection.execute(self.statement, self.values).rowcount


@dataclass(eq=False)
class _Queue:
    """The queued changes of one process."""

    pid: int = field(default_factory=os.getpid)
    waiting: list[_Change] = field(default_factory=list)
    list_lock: threading.Lock = field(default_factory=threading.Lock)
    write_lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, change: _Change) -> None:
        with self.list_lock:
            self.waiting.append(change)

    def take(self) -> list[_Change]:
        with self.list_lock:
            taken, self.waiting = self.waiting, []
        return taken


class GroupCommitWriter:
    """Writes the changes of all threads of this process to one file."""

    def __init__(self, connections: ConnectionPool) -> None:
        self._connections = connections
        self._queue = _Queue()

    def change(self, statement: str, *values: Value) -> int:
        """Execute and commit a statement, and return how many rows it changed; raises `sqlite3.Error`."""
        change, queue = _Change(statement, values), self._own_queue()
        queue.add(change)
        with queue.write_lock:
            if change.rows is None and change.error is None:
                self._write(queue.take())
        if change.error is not None:
            raise change.error
        return change.rows or 0

    def _own_queue(self) -> _Queue:
        """Return the queue of this process; in a forked child, the parent's threads may hold the locks."""
        if self._queue.pid != os.getpid():
            self._queue = _Queue()
        return self._queue

    def _write(self, changes: list[_Change]) -> None:
        try:
            connection = self._connections.get()
            if len(changes) == 1 or not _write_in_one_transaction(connection, changes):
                for change in changes:
                    _write_one(connection, change)
        except sqlite3.Error as error:  # the file is locked or the disk is full, which concerns all changes
            _fail(changes, str(error))
        finally:
            _fail(changes, "the thread that was writing it was interrupted")


def _write_in_one_transaction(connection: sqlite3.Connection, changes: list[_Change]) -> bool:
    """Write changes in one transaction; return False if one of them fails, in which case none is written."""
    try:
        with transaction(connection):
            rows = [change.run(connection) for change in changes]
    except sqlite3.OperationalError:
        raise
    except Exception:  # noqa: BLE001  # the change that failed is found by executing them one by one
        return False
    for change, count in zip(changes, rows, strict=True):
        change.rows = count
    return True


def _write_one(connection: sqlite3.Connection, change: _Change) -> None:
    try:
        change.rows = change.run(connection)
    except Exception as error:  # noqa: BLE001  # the thread of the change raises it
        change.error = error


def _fail(changes: list[_Change], why: str) -> None:
    for change in changes:
        if change.rows is None and change.error is None:
            change.error = sqlite3.OperationalError(why)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Execute statements in a transaction, which is rolled back if an exception is raised."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
