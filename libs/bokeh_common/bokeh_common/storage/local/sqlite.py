"""Connections to an SQLite file: one for each thread, and new ones after a fork."""

import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import ClassVar
from weakref import ref


class ConnectionPool:
    """The connections of this process's threads to one file."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._local = threading.local()

    def get(self) -> sqlite3.Connection:
        """Return this thread's connection; raises `sqlite3.Error`."""
        own: _Connection | None = getattr(self._local, "own", None)
        if own is None or own.pid != os.getpid():
            _Connection.close_inherited()
            own = self._local.own = _Connection(self._path, self._busy_seconds)
        return own.connection


class _Connection:
    """A connection that is closed when its thread ends."""

    #: By id. It is a dict since `list(dict.values())` is atomic, while other threads add and remove
    #: connections.
    _all: ClassVar["dict[int, ref[_Connection]]"] = {}

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self.pid = os.getpid()
        self.connection = sqlite3.connect(path, busy_seconds, isolation_level=None, check_same_thread=False)
        self._all[id(self)] = ref(self)
        _switch_to_wal(self.connection, busy_seconds)
        self.connection.execute("PRAGMA synchronous = FULL")

    def __del__(self) -> None:
        self._all.pop(id(self), None)
        if hasattr(self, "connection"):
            self.connection.close()

    @classmethod
    def close_inherited(cls) -> None:
        """Close the parent's connections in a forked child.

        SQLite keeps a list of the locks that the process holds on a file. A child inherits this list, but not
        the locks, and would not lock the file while one of the parent's connections is open in it. Closing
        them here does not release the parent's locks, which belong to the parent process.
        """
        for inherited in [reference() for reference in list(cls._all.values())]:
            if inherited is not None and inherited.pid != os.getpid():
                inherited.connection.close()


def _switch_to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch the file to WAL mode, with retries, as SQLite's busy handler does not apply to this."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
