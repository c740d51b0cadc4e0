"""The local backend, seen with `sqlite3` and `ls`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from bokeh_common.storage import JSON
from bokeh_common.storage.testing.medium import Medium


class LocalMedium(Medium):
    """A folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"local://{folder}")
        self.folder = folder

    @property
    def home(self) -> Path:
        """The folder of the namespace."""
        return self.folder / self.namespace

    def plant_record(self, key: str, value: JSON) -> None:
        self.records()  # makes the file
        with closing(sqlite3.connect(self.home / "records.sqlite")) as connection, connection:
            row = (key, "planted", json.dumps(value))
            connection.execute("INSERT INTO records (key, etag, value) VALUES (?, ?, ?)", row)

    def plant_blob(self, key: str, data: bytes) -> None:
        """Store a blob whose key is of small letters, digits and "/" alone."""
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
