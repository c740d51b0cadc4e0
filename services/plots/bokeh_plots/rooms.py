"""What a garbage collector has to know of this service; see `bokeh_common.storage.rooms`."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from blake3 import blake3

from bokeh_common.storage import BlobStore, Record, RecordStore
from bokeh_common.storage.rooms import About, Blobs, Refers, Room
from bokeh_common.storage.rooms import Records as RecordRoom


class _Source(msgspec.Struct):
    id: str


class _Manifest(msgspec.Struct):
    """The part of a manifest that refers to something."""

    scene: str
    sources: list[_Source] = []
    extensions: list[str] = []
    columns: dict[str, Any] = {}


_MANIFEST = msgspec.json.Decoder(_Manifest)


def rooms_of(records: RecordStore, blobs: BlobStore) -> dict[str, Room]:
    """Return the rooms by name: each refers to those after it, and to rooms of the data service."""
    return {
        "plots": RecordRoom(records, "plots/", _about_plot),
        "ids": RecordRoom(records, "ids/", _about_id),
        "visits": RecordRoom(records, "visits/", _about_visits),
        "thumbnails": Blobs(blobs, "thumbnails/", good=_is_named_by_hash),
        "manifests": Blobs(blobs, "manifests/", _read_manifest, _is_named_by_hash),
        "scenes": Blobs(blobs, "scenes/", good=_is_named_by_hash),
        "extensions": Blobs(blobs, "extensions/", good=_is_named_by_hash),
    }


def _about_plot(record: Record) -> About:
    plot = record.value
    manifests = {f"plots:manifests/{plot['user_id']}/{version['manifest']}" for version in plot["versions"]}
    others = [f"plots:ids/{plot['id']}", f"plots:visits/{plot['user_id']}/{plot['id']}"]
    return About([*others, *sorted(manifests)], keep=True)


def _about_id(record: Record) -> About:
    return About(touched=float(record.value.get("at", 0)))


def _about_visits(record: Record) -> About:
    _, user, plot = record.key.split("/")
    picture = record.value.get("thumbnail")
    return About([f"plots:thumbnails/{user}/{plot}/{picture}"] if picture else [])


def _is_named_by_hash(key: str, blocks: Iterator[bytes]) -> bool:
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
    return hasher.hexdigest() == key.rpartition("/")[2]


def _read_manifest(key: str, data: bytes) -> Refers:
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
    except msgspec.DecodeError:  # lone surrogates, which JSON in Python may have
        return msgspec.convert(json.loads(data), _Manifest)
