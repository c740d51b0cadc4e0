"""Adoption: an account gets the plots of another one, with all versions, ids, URLs and view counts.

A plot is copied under the keys of the new account, its id then refers to the copy, and the old record is
deleted last. So an adoption that was interrupted can be repeated.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bokeh_common.errors import NotFound
from bokeh_common.storage import ABSENT, BlobStore, RecordStore
from bokeh_common.storage.copy import iter_blobs, iter_records
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore


@dataclass
class Adoption:
    """The names of the plots that were adopted, and of those that were left, as their names are taken."""

    adopted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def has_plots(records: RecordStore, owner: str) -> bool:
    """Return whether an account has plots."""
    return bool(records.keys(f"plots/{owner}/", limit=1))


def adopt_plots(records: RecordStore, blobs: BlobStore, owner: str, user: str) -> Adoption:
    """Move the plots of an account, whose data sources were copied before, to another one."""
    stored, result = TwoPhaseRecordStore(records), Adoption()
    for record in list(iter_records(stored, f"plots/{owner}/")):
        plot = dict(record.value)
        existing = _find(stored, f"plots/{user}/{plot['name']}")
        if existing is not None and existing["id"] != plot["id"]:
            result.left.append(plot["name"])
            continue
        _copy_blobs(blobs, plot, owner, user)
        _copy_views(stored, plot["id"], owner, user)
        if existing is None:
            stored.put(f"plots/{user}/{plot['name']}", {**plot, "user_id": user}, if_match=ABSENT)
        stored.put(f"ids/{plot['id']}", {"user_id": user, "name": plot["name"], "at": time.time()})
        stored.delete(record.key)
        stored.delete(f"visits/{owner}/{plot['id']}")
        result.adopted.append(plot["name"])
    return result


def _copy_blobs(blobs: BlobStore, plot: dict[str, Any], owner: str, user: str) -> None:
    """Copy what a plot refers to; what refers to other blobs is copied after them."""
    for thumbnail in list(iter_blobs(blobs, f"thumbnails/{owner}/{plot['id']}/")):
        _copy(blobs, thumbnail.key, thumbnail.key.replace(f"/{owner}/", f"/{user}/", 1))
    for version in plot["versions"]:
        name = f"manifests/{owner}/{version['manifest']}"
        manifest = json.loads(b"".join(blobs.get(name)))
        for keyspace, key in (*_parts(manifest), ("manifests", version["manifest"])):
            _copy(blobs, f"{keyspace}/{owner}/{key}", f"{keyspace}/{user}/{key}")


def _parts(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "scenes", manifest["scene"]
    for name in manifest.get("extensions", ()):
        yield "extensions", name


def _copy(blobs: BlobStore, source: str, target: str) -> None:
    blobs.put(target, blobs.get(source))


def _copy_views(records: RecordStore, plot: str, owner: str, user: str) -> None:
    views = _find(records, f"visits/{owner}/{plot}")
    if views is not None:
        records.put(f"visits/{user}/{plot}", views)


def _find(records: RecordStore, key: str) -> dict[str, Any] | None:
    try:
        value: Any = records.get(key).value
    except NotFound:
        return None
    return dict(value)
