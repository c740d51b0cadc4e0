"""A file that keeps the rows of a writer while they are not stored on the server: a SQLite database.

A call of `add` returns when the operating system has the rows, so they survive the end of the process,
whatever ends it. After a power failure the rows of the last moments may be missing.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bokeh_cloud.data.streaming.buffers import Batch, first_of_one_layout
from bokeh_cloud.data.streaming.row_batches import PackedRows
from bokeh_cloud.errors import CloudError

log = logging.getLogger("bokeh_cloud")

MAX_ID = (1 << 63) - 1

TABLES = """
CREATE TABLE IF NOT EXISTS source(id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS origin(name TEXT NOT NULL, account TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parts(
    id INTEGER PRIMARY KEY AUTOINCREMENT, count INTEGER NOT NULL, layout TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS batch(key TEXT NOT NULL, last INTEGER NOT NULL);
"""


class SpoolSource(NamedTuple):
    """The data source that rows are for: its id, its name, and the server and the user that it belongs to."""

    id: str
    name: str
    account: str


class Spool:
    """A buffer in a file, which one writer at a time uses.

    A file has the rows of one data source; if that was deleted, of the one that has its name now.

    Args:
        path: of the file, which is created if there is none.
        source: the data source.
        exists: whether there is a data source of an id in the account.

    Raises:
        CloudError: another process uses the file, it belongs to another data source, or cannot be written.
    """

    def __init__(self, path: Path, source: SpoolSource, exists: Callable[[str], bool]) -> None:
        self.path = path
        with self._explained():
            # Threads take turns, by the writer's lock.
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(f"BEGIN EXCLUSIVE;{TABLES}COMMIT;")
            self.count = self._one("SELECT coalesce(sum(count), 0) FROM parts")
            self._take_over(source, exists)

    def add(self, part: PackedRows) -> None:
        """Add rows at the end; raises CloudError if the file cannot be written."""
        with self._explained():
            self._database.execute(
                "INSERT INTO parts(count, layout, data) VALUES (?, ?, ?)",
                (part.count, part.layout, part.data),
            )
        self.count += part.count

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest rows; see `RowBuffer`."""
        with self._explained():
            stored = self._database.execute("SELECT key, last FROM batch").fetchone()
            if stored is not None:
                return Batch(stored[0], list(self._parts(stored[1])))
            parts = first_of_one_layout(self._parts(), max_rows)
            if not parts:
                return None
            key = make_key()
            last = self._one("SELECT id FROM parts ORDER BY id LIMIT 1 OFFSET ?", len(parts) - 1)
            self._database.execute("INSERT INTO batch(key, last) VALUES (?, ?)", (key, last))
            return Batch(key, parts)

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""
        with self._explained():
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM parts WHERE id <= (SELECT max(last) FROM batch)")
            self._database.execute("DELETE FROM batch")
            self._database.execute("COMMIT")
        self.count -= batch.count

    def close(self) -> None:
        """Close the file; rows that wait stay in it."""
        with self._explained():
            self._database.close()

    def _parts(self, last: int | None = None) -> Iterator[PackedRows]:
        query = "SELECT data, count, layout FROM parts WHERE id <= ? ORDER BY id"
        for row in self._database.execute(query, (MAX_ID if last is None else last,)):
            yield PackedRows(*row)

    def _one(self, query: str, *values: int) -> int:
        found: int = self._database.execute(query, values).fetchone()[0]
        return found

    def _take_over(self, source: SpoolSource, exists: Callable[[str], bool]) -> None:
        """Let the rows be those of a source, unless they are those of another one."""
        [known] = self._database.execute("SELECT id FROM source").fetchone() or [source.id]
        if known != source.id:
            origin = self._database.execute("SELECT name, account FROM origin").fetchone()
            has_its_name = origin == (source.name, source.account)
            if not has_its_name or exists(known):
                self._database.close()
                kept = repr(origin[0]) if origin and not has_its_name else known
                raise CloudError(self._explain_other(kept, source))
            log.warning(
                "%s: the data source was deleted, and created again. %d rows of %s are sent to the new one.",
                source.name, self.count, self.path,
            )  # fmt: skip
        self._database.execute("BEGIN")
        if known != source.id:  # to which the last request may have been sent
            self._database.execute("DELETE FROM batch")
        self._database.execute("DELETE FROM source")
        self._database.execute("DELETE FROM origin")
        self._database.execute("INSERT INTO source(id) VALUES (?)", (source.id,))
        self._database.execute("INSERT INTO origin(name, account) VALUES (?, ?)", source[1:])
        self._database.execute("COMMIT")

    def _explain_other(self, kept: str, source: SpoolSource) -> str:
        return (
            f"The spool {self.path} keeps rows of the data source {kept}, not of {source.name!r} "
            f"({source.id}): name another file, or delete this one to give up {self.count} rows. They would "
            "be sent to the source of the same name if theirs was deleted."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                detail = "another writer uses it: name another file, as each writer needs one of its own"
            else:
                detail = f"{error}: is it a file of a writer, and is there space on the disk?"
            raise CloudError(f"The spool {self.path} cannot be used: {detail}.") from error
