# ruff: noqa: D102 - what the methods do is said once, on the interface in base.py
"""Records in SQLite, in its write-ahead log mode.

Every change is one statement, so SQLite alone sees to atomicity between threads and processes. Changes that
several threads make at once share a transaction (`sqlite_writer`).
``synchronous=FULL``, not the NORMAL that is usual with WAL, since that loses confirmed commits when the power
fails.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import keys
from bokeh_common.storage.base import ABSENT, JSON, Absent, Record, RecordStore
from bokeh_common.storage.keys import check_key, check_page
from bokeh_common.storage.sqlite import Connections
from bokeh_common.storage.sqlite_writer import Value, Writer, transaction

BUSY_SECONDS = 10.0

#: Step n takes a file from version n (PRAGMA user_version) to n + 1. Steps are only ever added.
MIGRATIONS = [
    "CREATE TABLE records (key TEXT NOT NULL PRIMARY KEY, etag TEXT NOT NULL, value TEXT NOT NULL)",
    # In the order of their keys: so pages are read in one go, and not row by row from all over the file.
    "CREATE TABLE sorted (key TEXT NOT NULL PRIMARY KEY, etag TEXT NOT NULL, value TEXT NOT NULL)"
    " WITHOUT ROWID",
    "INSERT INTO sorted SELECT key, etag, value FROM records ORDER BY key",
    "DROP TABLE records",
    "ALTER TABLE sorted RENAME TO records",
]

_INSERT = "INSERT INTO records (key, etag, value) VALUES (?, ?, ?) ON CONFLICT (key) "
_REPLACE = _INSERT + "DO UPDATE SET etag = excluded.etag, value = excluded.value"
_CREATE = _INSERT + "DO NOTHING"
_SWAP = "UPDATE records SET etag = ?, value = ? WHERE key = ? AND etag = ?"
_GET = "SELECT key, value, etag FROM records WHERE key = ?"
_DELETE = "DELETE FROM records WHERE key = ?"
_PAGE = "SELECT key, value, etag FROM records WHERE key >= ? AND key <> ? AND key < ? ORDER BY key LIMIT ?"
_KEYS = _PAGE.replace("key, value, etag", "key, etag")
_BEYOND_TEXT = b""  # SQLite sorts every blob after every text


class LocalRecordStore(RecordStore):
    """Records in one SQLite file."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._connections = Connections(path, busy_seconds)
        self._writer = Writer(self._connections)
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            migrate(self._connections.get())

    def get(self, key: str) -> Record:
        rows = self._rows(_GET, check_key(key))
        if not rows:
            raise NotFound(f"There is no record {key!r}.")
        return _record(*rows[0])

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        check_key(key)
        text, etag = keys.dump(value), keys.new_etag()
        if if_match is None:
            self._change(_REPLACE, key, etag, text)
        elif if_match is ABSENT:
            self._swap(f"There is a record {key!r} already.", _CREATE, key, etag, text)
        else:
            self._swap(f"The record {key!r} has changed.", _SWAP, etag, text, key, if_match)
        return etag

    def delete(self, key: str, if_match: str | None = None) -> None:
        check_key(key)
        if if_match is None:
            self._change(_DELETE, key)
        else:
            self._swap(f"The record {key!r} has changed.", _DELETE + " AND etag = ?", key, if_match)

    def find(self, keys: Sequence[str]) -> list[Record | None]:
        with _translated(self._path), transaction(self._connections.get(), "DEFERRED") as connection:
            rows = [connection.execute(_GET, (check_key(key),)).fetchone() for key in keys]
        return [row and _record(*row) for row in rows]

    def discard(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        statement = _DELETE + " AND etag = ?"
        with _translated(self._path), transaction(self._connections.get()) as connection:
            return [connection.execute(statement, pair).rowcount == 1 for pair in pairs]

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        check_page(prefix, after, limit)
        return [*self._rows(_KEYS, max(prefix, after), after, keys.beyond(prefix) or _BEYOND_TEXT, limit)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        check_page(prefix, after, limit)
        rows = self._rows(_PAGE, max(prefix, after), after, keys.beyond(prefix) or _BEYOND_TEXT, limit)
        return [_record(*row) for row in rows]

    def _rows(self, statement: str, *values: Value) -> Sequence[Any]:
        with _translated(self._path):
            return self._connections.get().execute(statement, values).fetchall()

    def _change(self, statement: str, *values: Value) -> int:
        with _translated(self._path):
            return self._writer.change(statement, *values)

    def _swap(self, otherwise: str, statement: str, *values: Value) -> None:
        if self._change(statement, *values) != 1:
            raise Conflict(otherwise)


def migrate(connection: sqlite3.Connection, migrations: list[str] = MIGRATIONS) -> None:
    """Bring a file to the newest version, in one transaction; `Unavailable` when it is newer than that."""
    if _version(connection) == len(migrations):
        return
    with transaction(connection):
        version = _version(connection)  # again: another process may have been faster
        if version > len(migrations):
            raise Unavailable(
                f"The records are of version {version}, of a newer Bokeh Cloud: upgrade this one."
            )
        for step in migrations[version:]:
            connection.execute(step)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        message = (
            f"The records in {path} cannot be used now: {error}. See to its disk space, rights and health."
        )
        raise Unavailable(message) from error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _record(key: str, value: str, etag: str) -> Record:
    try:
        return Record(key, msgspec.json.decode(value), etag)
    except msgspec.DecodeError:  # lone surrogates, which JSON in Python may have
        return Record(key, json.loads(value), etag)
