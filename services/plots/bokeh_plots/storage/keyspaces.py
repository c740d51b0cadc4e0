"""The keyspaces of this service, for the garbage collector; see `bokeh_common.storage.keyspaces`."""

import json
from typing import Any

import msgspec

from bokeh_common.hashing import is_named_by_hash
from bokeh_common.storage import BlobStore, Record, RecordStore
from bokeh_common.storage.keyspaces import BlobKeyspace, Keyspace, ObjectInfo, RecordKeyspace, References
from bokeh_plots.storage.other_names import key_of
from bokeh_plots.storage.repository import names_of, stored_name


class _Source(msgspec.Struct):
    id: str


class _Manifest(msgspec.Struct):
    """The part of a manifest that refers to other objects."""

    scene: str
    sources: list[_Source] = []
    extensions: list[str] = []
    columns: dict[str, Any] = {}


_MANIFEST = msgspec.json.Decoder(_Manifest)


def keyspaces_of(records: RecordStore, blobs: BlobStore) -> dict[str, Keyspace]:
    """Return the keyspaces by name; each refers to those after it, and to keyspaces of the data service."""
    return {
        "plots": RecordKeyspace(records, "plots/", _plot_info),
        "ids": RecordKeyspace(records, "ids/", _id_info),
        "visits": RecordKeyspace(records, "visits/", _views_info),
        "thumbnails": BlobKeyspace(blobs, "thumbnails/", is_intact=is_named_by_hash),
        "manifests": BlobKeyspace(blobs, "manifests/", _manifest_references, is_named_by_hash),
        "scenes": BlobKeyspace(blobs, "scenes/", is_intact=is_named_by_hash),
        "extensions": BlobKeyspace(blobs, "extensions/", is_intact=is_named_by_hash),
    }


def _plot_info(record: Record) -> ObjectInfo:
    plot = record.value
    manifests = {f"plots:manifests/{plot['user_id']}/{version['manifest']}" for version in plot["versions"]}
    others = [f"plots:ids/{plot['id']}", f"plots:visits/{plot['user_id']}/{plot['id']}"]
    names = names_of(plot) - {stored_name(plot)}
    others += [f"plots:{key_of(plot['user_id'], name)}" for name in sorted(names)]
    return ObjectInfo([*others, *sorted(manifests)], keep=True)


def _id_info(record: Record) -> ObjectInfo:
    return ObjectInfo(touched=float(record.value.get("at", 0)))


def _views_info(record: Record) -> ObjectInfo:
    _, user, plot = record.key.split("/")
    thumbnail = record.value.get("thumbnail")
    return ObjectInfo([f"plots:thumbnails/{user}/{plot}/{thumbnail}"] if thumbnail else [])


def _manifest_references(key: str, data: bytes) -> References:
    user, manifest = key.split("/")[1], _parsed(data)
    return [
        f"plots:scenes/{user}/{manifest.scene}",
        *(f"plots:extensions/{user}/{script}" for script in manifest.extensions),
        *(f"data:sources/{user}/{source.id}" for source in manifest.sources),
        *(f"data:columns/{user}/{column}" for column in manifest.columns),
    ]


def _parsed(data: bytes) -> _Manifest:
    try:
        return _MANIFEST.decode(data)
    except msgspec.DecodeError:  # lone surrogates, which JSON written by Python may contain
        return msgspec.convert(json.loads(data), _Manifest)
