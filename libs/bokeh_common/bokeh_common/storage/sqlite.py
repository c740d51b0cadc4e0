"""Connections to an SQLite file: one per thread, and new ones after a fork."""

import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import ClassVar
from weakref import ref


class Connections:
    """The connections of all threads of this process to one file."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._local = threading.local()

    def get(self) -> sqlite3.Connection:
        """Return this thread's connection; raises `sqlite3.Error`."""
        held: _Connection | None = getattr(self._local, "held", None)
        if held is None or held.pid != os.getpid():
            _Connection.close_inherited()
            held = self._local.held = _Connection(self._path, self._busy_seconds)
        return held.connection


class _Connection:
    """A connection that is closed when its thread ends."""

    #: By identity. A set would be looped over by Python, while other threads come and go.
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

        SQLite remembers per process which locks it holds on a file. A child inherits that memory but not the
        locks, and would go without them for as long as one of the parent's connections is open in it. Closing
        them here does not drop the parent's own locks, which belong to its process.
        """
        for one in [found() for found in list(cls._all.values())]:
            if one is not None and one.pid != os.getpid():
                one.connection.close()


def _switch_to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch the file to WAL, where it is not; SQLite's own busy handler does not wait for this."""
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
