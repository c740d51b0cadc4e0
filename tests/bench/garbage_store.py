"""Creates a local storage with many plots by writing its files directly, which is faster than the services.

Each plot has a data source of its own with two columns. Some plots are deleted, so that everything that only
they refer to is garbage. Chunks are sparse files, since the benchmark does not read them.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from bokeh_common.storage import open_blobs, open_records

COLUMNS = 2  # of each data source
CHUNK = 1 << 20  # bytes
USER = "local"
DAY = "2026-11-24T12:00:00.000Z"

Row = tuple[str, str, str]


@dataclass(frozen=True)
class StorageShape:
    """The size of the storage.

    Attributes:
        plots: the number of plots, including deleted ones.
        chunks: the number of chunks of each column.
        deleted_every: every plot whose number is a multiple of this is deleted.
    """

    plots: int = 100_000
    chunks: int = 5
    deleted_every: int = 20


def build(folder: Path, shape: StorageShape) -> None:
    """Create the storage."""
    for service in ("plots", "data"):
        open_records(f"local://{folder}", service)
        open_blobs(f"local://{folder}", service)
    for service, rows in (("plots", _plot_rows(folder, shape)), ("data", _data_rows(folder, shape))):
        with closing(sqlite3.connect(folder / service / "records.sqlite")) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.executemany("INSERT INTO records (key, etag, value) VALUES (?, ?, ?)", rows)


def columns_of(number: int, shape: StorageShape) -> Iterator[tuple[str, bytes, list[str]]]:
    """Yield the hash, the manifest and the chunks of each column of a plot."""
    for column in range(COLUMNS):
        chunks = [_name("chunk", number, column, chunk) for chunk in range(shape.chunks)]
        parts = [{"hash": chunk, "size": CHUNK} for chunk in chunks]
        shape_ = [shape.chunks * CHUNK // 8]
        manifest = json.dumps({"chunks": parts, "dtype": "float64", "shape": shape_}, separators=(",", ":"))
        yield blake3(manifest.encode()).hexdigest(), manifest.encode(), chunks


def _data_rows(folder: Path, shape: StorageShape) -> Iterator[Row]:
    blobs = folder / "data" / "blobs"
    for number in range(shape.plots):
        columns = {}
        for name, (key, manifest, chunks) in zip("xy", columns_of(number, shape), strict=True):
            _file(blobs, f"columns/{USER}", key, manifest)
            size = shape.chunks * CHUNK
            columns[name] = {"dtype": "float64", "shape": [size // 8], "length": size // 8, "size": size}
            columns[name]["hash"] = key
            for chunk in chunks:
                _file(blobs, "chunks", chunk, b"", CHUNK)
                yield _row(f"uploads/{USER}/{chunk}", {"size": CHUNK, "at": 1.0})
        source = {"id": _id("source", number), "name": "s", "version": 1, "columns": columns, "live": False}
        times = {"created": DAY, "modified": DAY, "keep": {}, "appends": {}, "held": 1.0}
        yield _row(f"sources/{USER}/{source['id']}", source | times)


def _plot_rows(folder: Path, shape: StorageShape) -> Iterator[Row]:
    blobs = folder / "plots" / "blobs"
    for number in range(shape.plots):
        columns = [key for key, _, _ in columns_of(number, shape)]
        arrays = [{"type": "bytes", "data": {"id": key}} for key in columns]
        scene = json.dumps({"version": "3.9.2", "roots": [{"type": "object", "name": "Div", "id": arrays}]})
        scene_key = blake3(scene.encode()).hexdigest()
        manifest = json.dumps(
            {
                "bokeh_version": "3.9.2",
                "bundles": ["bokeh"],
                "sources": [{"model": "p1", "id": _id("source", number)}],
                "columns": dict.fromkeys(columns, CHUNK * shape.chunks),
                "extensions": [],
                "scene": scene_key,
            }
        )
        manifest_key = blake3(manifest.encode()).hexdigest()
        _file(blobs, f"scenes/{USER}", scene_key, scene.encode())
        _file(blobs, f"manifests/{USER}", manifest_key, manifest.encode())
        if number % shape.deleted_every:
            yield from _plot(number, manifest_key)


def _plot(number: int, manifest: str) -> Iterator[Row]:
    plot, name = _id("plot", number)[:16], f"plot {number}"
    version = {"version": 1, "manifest": manifest, "fingerprint": manifest, "created": DAY, "key": ""}
    plot_record = {"id": plot, "name": name, "title": name, "user_id": USER, "visibility": "private"}
    yield _row(f"plots/{USER}/{name}", {**plot_record, "created": DAY, "versions": [version]})
    yield _row(f"ids/{plot}", {"user_id": USER, "name": name, "at": 1.0})


def _row(key: str, value: object) -> Row:
    return key, secrets.token_hex(16), json.dumps(value, separators=(",", ":"))


def _file(blobs: Path, keyspace: str, name: str, data: bytes, size: int = 0) -> None:
    folder = f"{blobs}/{keyspace}/+{name[:2]}"
    try:
        number = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600)
    except FileNotFoundError:
        Path(folder).mkdir(parents=True)
        number = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600)
    if data:
        os.write(number, data)
    else:
        os.truncate(number, size)
    os.close(number)


def _name(*parts: object) -> str:
    return blake3(repr(parts).encode()).hexdigest()


def _id(*parts: object) -> str:
    return _name(*parts).translate(str.maketrans("0123456789", "qrstuvwxyz"))[:26]
