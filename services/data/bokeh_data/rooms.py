"""What a garbage collector has to know of this service; see `bokeh_common.storage.rooms`."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from blake3 import blake3

from bokeh_common.storage import BlobStore, Record, RecordStore
from bokeh_common.storage.rooms import About, Blobs, Refers, Room
from bokeh_common.storage.rooms import Records as RecordRoom
from bokeh_data.compression import Damaged, unpacked


class _Chunk(msgspec.Struct):
    hash: str


class _Column(msgspec.Struct):
    """The part of a manifest that refers to something."""

    chunks: list[_Chunk]


_COLUMN = msgspec.json.Decoder(_Column)


def rooms_of(records: RecordStore, blobs: BlobStore) -> dict[str, Room]:
    """Return the rooms by name: each refers to those after it."""
    return {
        "sources": RecordRoom(records, "sources/", _about_source),
        "versions": RecordRoom(records, "versions/", _about_version),
        "columns": Blobs(blobs, "columns/", _read_column, _is_good_column),
        "uploads": RecordRoom(records, "uploads/", _about_upload),
        "chunks": Blobs(blobs, "chunks/", good=_is_named_by_hash),
        "compressed": Blobs(blobs, "compressed/", good=_unpacks_to_its_name),
        "pyramids": Blobs(blobs, "pyramids/"),
        "indexes": Blobs(blobs, "indexes/"),
    }


def _about_source(record: Record) -> About:
    user, source = record.key.split("/")[1], record.value
    touched = max(source.get("held", 0), _seconds(source.get("created")))
    history = f"data:histories/{user}/{source['id']}"
    return About([history, *_columns(record)], touched, bool(source.get("live")))


def _about_version(record: Record) -> About:
    return About(_columns(record), _seconds(record.value.get("modified")))


def _columns(record: Record) -> Refers:
    user = record.key.split("/")[1]
    return [f"data:columns/{user}/{column['hash']}" for column in record.value["columns"].values()]


def _about_upload(record: Record) -> About:
    return About(touched=float(record.value.get("at", 0)))


def _read_column(key: str, data: bytes) -> Refers:
    (_, user, column), manifest = key.split("/"), _COLUMN.decode(data.partition(b"\n")[0])
    chunks = {chunk.hash for chunk in manifest.chunks}
    names = [name for chunk in chunks for name in (f"data:chunks/{chunk}", f"data:uploads/{user}/{chunk}")]
    return [*names, f"data:indexes/{column}"]


def _is_named_by_hash(key: str, blocks: Iterator[bytes]) -> bool:
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
    return hasher.hexdigest() == key.rpartition("/")[2]


def _unpacks_to_its_name(key: str, blocks: Iterator[bytes]) -> bool:
    try:
        return _is_named_by_hash(key, unpacked(blocks))
    except Damaged:
        return False


def _is_good_column(key: str, blocks: Iterator[bytes]) -> bool:
    return _is_named_by_hash(key, iter([b"".join(blocks).partition(b"\n")[0]]))


def _seconds(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
