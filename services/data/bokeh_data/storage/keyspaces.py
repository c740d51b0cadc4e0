"""The keyspaces of the data service, for the garbage collector; see `bokeh_common.storage.keyspaces`."""

from collections.abc import Iterator

import msgspec

from bokeh_common.hashing import is_named_by_hash
from bokeh_common.storage import BlobStore, Record, RecordStore
from bokeh_common.storage.keyspaces import BlobKeyspace, Keyspace, ObjectInfo, RecordKeyspace, References
from bokeh_common.timestamps import parse_timestamp
from bokeh_data.storage.chunk_codec import DamagedChunk, decompress


class _ChunkReference(msgspec.Struct):
    hash: str


class _ColumnReferences(msgspec.Struct):
    """The part of a manifest that refers to chunks."""

    chunks: list[_ChunkReference]


_DECODER = msgspec.json.Decoder(_ColumnReferences)


def keyspaces_of(records: RecordStore, blobs: BlobStore) -> dict[str, Keyspace]:
    """Return the keyspaces by name; objects refer to objects of later keyspaces only."""
    return {
        "sources": RecordKeyspace(records, "sources/", _describe_source),
        "versions": RecordKeyspace(records, "versions/", _describe_version),
        "columns": BlobKeyspace(blobs, "columns/", _references_of_column, _is_intact_column),
        "uploads": RecordKeyspace(records, "uploads/", _describe_upload),
        "chunks": BlobKeyspace(blobs, "chunks/", is_intact=is_named_by_hash),
        "compressed": BlobKeyspace(blobs, "compressed/", is_intact=_is_intact_compressed_chunk),
        "pyramids": BlobKeyspace(blobs, "pyramids/"),
        "indexes": BlobKeyspace(blobs, "indexes/"),
    }


def _describe_source(record: Record) -> ObjectInfo:
    user, source = record.key.split("/")[1], record.value
    touched = max(source.get("held", 0), _to_seconds(source.get("created")))
    history = f"data:histories/{user}/{source['id']}"
    return ObjectInfo([history, *_references_to_columns(record)], touched, bool(source.get("live")))


def _describe_version(record: Record) -> ObjectInfo:
    return ObjectInfo(_references_to_columns(record), _to_seconds(record.value.get("modified")))


def _references_to_columns(record: Record) -> References:
    user = record.key.split("/")[1]
    return [f"data:columns/{user}/{column['hash']}" for column in record.value["columns"].values()]


def _describe_upload(record: Record) -> ObjectInfo:
    return ObjectInfo(touched=float(record.value.get("at", 0)))


def _references_of_column(key: str, data: bytes) -> References:
    (_, user, column), manifest = key.split("/"), _DECODER.decode(data.partition(b"\n")[0])
    chunks = {chunk.hash for chunk in manifest.chunks}
    names = [name for chunk in chunks for name in (f"data:chunks/{chunk}", f"data:uploads/{user}/{chunk}")]
    return [*names, f"data:indexes/{column}"]


def _is_intact_compressed_chunk(key: str, blocks: Iterator[bytes]) -> bool:
    try:
        return is_named_by_hash(key, decompress(blocks))
    except DamagedChunk:
        return False


def _is_intact_column(key: str, blocks: Iterator[bytes]) -> bool:
    return is_named_by_hash(key, iter([b"".join(blocks).partition(b"\n")[0]]))


def _to_seconds(text: str | None) -> float:
    return parse_timestamp(text).timestamp() if text else 0.0
