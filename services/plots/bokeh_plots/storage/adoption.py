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
from bokeh_plots.storage.other_names import key_of
from bokeh_plots.storage.repository import names_of, stored_name


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
        if taken := _taken_names(stored, user, plot):
            result.left.extend(taken)
            continue
        _copy_blobs(blobs, plot, owner, user)
        _copy_views(stored, plot["id"], owner, user)
        _copy_record(stored, plot, user)
        _delete_record(stored, plot, owner)
        result.adopted.append(plot["name"])
    return result


def _taken_names(records: RecordStore, user: str, plot: dict[str, Any]) -> list[str]:
    """Return the names of a plot that other plots of an account have or had."""
    free = {None, plot["id"]}
    return [name for name in sorted(names_of(plot)) if _plot_id(records, user, name) not in free]


def _plot_id(records: RecordStore, user: str, name: str) -> str | None:
    """Return the id of the plot of an account that has or had a name."""
    other_name = _find(records, key_of(user, name))
    plot = _find(records, f"plots/{user}/{other_name['name'] if other_name else name}")
    return plot["id"] if plot and name in names_of(plot) else None


def _copy_record(records: RecordStore, plot: dict[str, Any], user: str) -> None:
    """Store the record of a plot for another account, after those of its other names."""
    stored = stored_name(plot)
    value = {"user_id": user, "name": stored, "at": time.time()}
    for name in names_of(plot) - {stored}:
        records.put(key_of(user, name), value)
    if _find(records, f"plots/{user}/{stored}") is None:
        records.put(f"plots/{user}/{stored}", {**plot, "user_id": user}, if_match=ABSENT)
    records.put(f"ids/{plot['id']}", value)


def _delete_record(records: RecordStore, plot: dict[str, Any], owner: str) -> None:
    """Delete the record of a plot, and then those of its other names and of its views."""
    stored = stored_name(plot)
    records.delete(f"plots/{owner}/{stored}")
    for name in names_of(plot) - {stored}:
        records.delete(key_of(owner, name))
    records.delete(f"visits/{owner}/{plot['id']}")


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
