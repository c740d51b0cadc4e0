# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Records in SQLite, in write-ahead log (WAL) mode.

Every change is one statement, so SQLite provides atomicity between threads and processes. Concurrent changes
of several threads share a transaction (`sqlite_group_commit`). ``synchronous`` is FULL rather than NORMAL,
which is usual with WAL but may lose confirmed commits in a power failure.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bokeh_common.storage.failures import ObjectChanged, StorageUnavailable, record_conflict, record_not_found
from bokeh_common.storage.interfaces import ABSENT, JSON, Absent, Record, RecordStore
from bokeh_common.storage.local.private_files import create_file, make_folder
from bokeh_common.storage.local.sqlite import ConnectionPool
from bokeh_common.storage.local.sqlite_group_commit import GroupCommitWriter, Value, transaction
from bokeh_common.storage.validation import check_key, check_page, encode_json, new_etag, prefix_end

BUSY_SECONDS = 10.0

#: Step n migrates a file from version n (PRAGMA user_version) to n + 1. Steps are only ever appended.
MIGRATIONS = [
    "CREATE TABLE records (key TEXT NOT NULL PRIMARY KEY, etag TEXT NOT NULL, value TEXT NOT NULL)",
    # Rows in the order of keys, so that pages are read sequentially.
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
_BEYOND_TEXT = b""  # SQLite sorts blobs after text


class LocalRecordStore(RecordStore):
    """Records in one SQLite file."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._connections = ConnectionPool(path, busy_seconds)
        self._writer = GroupCommitWriter(self._connections)
        with _translated(path):
            make_folder(path.parent)
            create_file(path)
            migrate(self._connections.get())

    def get(self, key: str) -> Record:
        rows = self._rows(_GET, check_key(key))
        if not rows:
            raise record_not_found(key)
        return _record(*rows[0])

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        check_key(key)
        text, etag = encode_json(value), new_etag()
        if if_match is None:
            self._change(_REPLACE, key, etag, text)
        elif if_match is ABSENT:
            self._swap(record_conflict(key, if_match), _CREATE, key, etag, text)
        else:
            self._swap(record_conflict(key), _SWAP, etag, text, key, if_match)
        return etag

    def delete(self, key: str, if_match: str | None = None) -> None:
        check_key(key)
        if if_match is None:
            self._change(_DELETE, key)
        else:
            self._swap(record_conflict(key), _DELETE + " AND etag = ?", key, if_match)

    def get_many(self, keys: Sequence[str]) -> list[Record | None]:
        with _translated(self._path), transaction(self._connections.get(), "DEFERRED") as connection:
            rows = [connection.execute(_GET, (check_key(key),)).fetchone() for key in keys]
        return [row and _record(*row) for row in rows]

    def delete_unchanged(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        statement = _DELETE + " AND etag = ?"
        with _translated(self._path), transaction(self._connections.get()) as connection:
            return [connection.execute(statement, pair).rowcount == 1 for pair in pairs]

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        check_page(prefix, after, limit)
        return [*self._rows(_KEYS, max(prefix, after), after, prefix_end(prefix) or _BEYOND_TEXT, limit)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        check_page(prefix, after, limit)
        rows = self._rows(_PAGE, max(prefix, after), after, prefix_end(prefix) or _BEYOND_TEXT, limit)
        return [_record(*row) for row in rows]

    def _rows(self, statement: str, *values: Value) -> Sequence[Any]:
        with _translated(self._path):
            return self._connections.get().execute(statement, values).fetchall()

    def _change(self, statement: str, *values: Value) -> int:
        with _translated(self._path):
            return self._writer.change(statement, *values)

    def _swap(self, otherwise: str, statement: str, *values: Value) -> None:
        if self._change(statement, *values) != 1:
            raise ObjectChanged(otherwise)


def migrate(connection: sqlite3.Connection, migrations: list[str] = MIGRATIONS) -> None:
    """Migrate a file to the newest version, in one transaction; `Unavailable` if its version is newer."""
    if _version(connection) == len(migrations):
        return
    with transaction(connection):
        version = _version(connection)  # again, as another process may have migrated it
        if version > len(migrations):
            raise StorageUnavailable(
                f"The records have version {version}, of a newer Bokeh Cloud: upgrade this one."
            )
        for step in migrations[version:]:
            connection.execute(step)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        advice = "Check the disk's space, permissions and health."
        raise StorageUnavailable(f"The records in {path} cannot be used now: {error}. {advice}") from error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _record(key: str, value: str, etag: str) -> Record:
    try:
        return Record(key, msgspec.json.decode(value), etag)
    except msgspec.DecodeError:  # lone surrogates, which only Python's json decodes
        return Record(key, json.loads(value), etag)
