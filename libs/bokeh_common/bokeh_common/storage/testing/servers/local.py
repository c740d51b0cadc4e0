"""The local backend, accessed by `sqlite3` and the file system."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from bokeh_common.storage import JSON
from bokeh_common.storage.testing.servers.backend import Backend


class LocalBackend(Backend):
    """A folder on a local disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"local://{folder}")
        self.folder = folder

    @property
    def home(self) -> Path:
        """The folder of the namespace."""
        return self.folder / self.namespace

    def insert_record(self, key: str, value: JSON) -> None:
        self.records()  # creates the file
        with closing(sqlite3.connect(self.home / "records.sqlite")) as connection, connection:
            row = (key, "planted", json.dumps(value))
            connection.execute("INSERT INTO records (key, etag, value) VALUES (?, ?, ?)", row)

    def insert_blob(self, key: str, data: bytes) -> None:
        """Insert a blob whose key consists of lower-case letters, digits and "/"."""
        *folders, last = key.split("/")
        folder = self.home.joinpath("blobs", *folders, f"+{last[:2]}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / last).write_bytes(data)

    def stored_records(self) -> dict[str, JSON]:
        with closing(sqlite3.connect(self.home / "records.sqlite")) as connection:
            return {
                key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM records")
            }

    def stored_blobs(self) -> dict[str, bytes]:
        root = self.home / "blobs"
        files = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.parent.parent.relative_to(root) / path.name): path.read_bytes() for path in files}
