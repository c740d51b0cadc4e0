"""A file that keeps the rows of a writer while they are not stored on the server: a SQLite database.

A call of `add` returns when the operating system has the rows, so they survive the end of the process,
whatever ends it. After a power failure the rows of the last moments may be missing.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bokeh_cloud.data.streaming.buffers import Batch, first_of_one_layout
from bokeh_cloud.data.streaming.row_batches import RowBlock
from bokeh_cloud.errors import CloudError

TABLES = """
CREATE TABLE IF NOT EXISTS source(id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks(
    id INTEGER PRIMARY KEY AUTOINCREMENT, count INTEGER NOT NULL, layout TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS batch(key TEXT NOT NULL, last INTEGER NOT NULL);
"""


class Spool:
    """A buffer in a file, which one writer at a time uses.

    Args:
        path: of the file, which is created if there is none.
        source: id of the data source; a file has the rows of one.

    Raises:
        CloudError: another process uses the file, it belongs to another data source, or cannot be written.
    """

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        with self._explained():
            # Threads take turns, by the writer's lock.
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(f"BEGIN EXCLUSIVE;{TABLES}COMMIT;")
            self._require_source(source)
            self.count = int(self._one("SELECT coalesce(sum(count), 0) FROM blocks"))

    def add(self, block: RowBlock) -> None:
        """Add a block at the end; raises CloudError if the file cannot be written."""
        with self._explained():
            self._database.execute(
                "INSERT INTO blocks(count, layout, data) VALUES (?, ?, ?)",
                (block.count, block.layout, block.data),
            )
        self.count += block.count

    def next_batch(self, max_rows: int, make_key: Callable[[], str]) -> Batch | None:
        """Return the oldest blocks; see `Buffer`."""
        with self._explained():
            stored = self._database.execute("SELECT key, last FROM batch").fetchone()
            if stored is not None:
                return Batch(stored[0], list(self._blocks(stored[1])))
            blocks = first_of_one_layout(self._blocks(), max_rows)
            if not blocks:
                return None
            key, first = make_key(), int(self._one("SELECT min(id) FROM blocks"))
            last = f"SELECT id FROM blocks WHERE id >= {first} ORDER BY id LIMIT 1 OFFSET {len(blocks) - 1}"  # noqa: S608 - numbers
            self._database.execute("INSERT INTO batch(key, last) VALUES (?, ?)", (key, self._one(last)))
            return Batch(key, blocks)

    def remove(self, batch: Batch) -> None:
        """Remove the current batch."""
        with self._explained():
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM blocks WHERE id <= (SELECT max(last) FROM batch)")
            self._database.execute("DELETE FROM batch")
            self._database.execute("COMMIT")
        self.count -= batch.count

    def close(self) -> None:
        """Close the file; blocks that wait stay in it."""
        with self._explained():
            self._database.close()

    def _blocks(self, last: int | None = None) -> Iterator[RowBlock]:
        until = "" if last is None else f"WHERE id <= {last:d}"
        query = f"SELECT data, count, layout FROM blocks {until} ORDER BY id"  # noqa: S608 - a number
        for row in self._database.execute(query):
            yield RowBlock(*row)

    def _one(self, query: str) -> int | str:
        found: int | str = self._database.execute(query).fetchone()[0]
        return found

    def _require_source(self, source: str) -> None:
        known = self._database.execute("SELECT id FROM source").fetchone()
        if known is None:
            self._database.execute("INSERT INTO source(id) VALUES (?)", (source,))
        elif known[0] != source:
            self._database.close()
            raise CloudError(
                f"The spool {self.path} keeps rows of the data source {known[0]}, not of {source}: name "
                "another file."
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
