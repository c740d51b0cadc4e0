"""Where plots are kept; the only file that knows the keys.

Records: `plots/{user}/{name}` (a plot and its versions), `ids/{plot}` (whose it is, and its name).
Blobs: `scenes/{user}/{hash}`, `manifests/{user}/{hash}` (what belongs to a version) and
`extensions/{user}/{hash}`; all named by the BLAKE3-256 of their bytes.

A version is published by one compare-and-swap of the plot's record, after everything that it refers to.
"""

import json
from typing import Any

from blake3 import blake3

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, BlobStore, RecordStore

ROOMS = ("manifests", "scenes", "extensions")


class Records:
    """Plots on a record store and a blob store."""

    def __init__(self, records: RecordStore, blobs: BlobStore) -> None:
        self._records = records
        self._blobs = blobs

    def ping(self) -> None:
        """Raise `Unavailable` when a store does not answer."""
        self._records.list(limit=1)
        self._blobs.list(limit=1)

    def owner(self, plot: str) -> tuple[str, str] | None:
        """Return the account and the name of a plot; None when there is none of this id."""
        try:
            value = dict(self._records.get(f"ids/{plot}").value)
        except NotFound:
            return None
        return value["user_id"], value["name"]

    def find(self, user: str, name: str) -> tuple[dict[str, Any], str] | None:
        """Return a plot and its etag; None when there is none of this name."""
        try:
            record = self._records.get(f"plots/{user}/{name}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def page(self, user: str, after: str, limit: int) -> list[tuple[dict[str, Any], str]]:
        """Return plots and their etags in the order of their names."""
        prefix = f"plots/{user}/"
        records = self._records.list(prefix, prefix + after, limit)
        return [(dict(record.value), record.etag) for record in records]

    def add(self, user: str, plot: dict[str, Any]) -> str:
        """Add a plot and return its etag; `Conflict` when there is one of this name."""
        index = f"ids/{plot['id']}"
        self._records.put(index, {"user_id": user, "name": plot["name"]}, if_match=ABSENT)
        try:
            return self._records.put(f"plots/{user}/{plot['name']}", plot, if_match=ABSENT)
        except Conflict:
            self._records.delete(index)
            raise

    def replace(self, user: str, plot: dict[str, Any], etag: str) -> str:
        """Replace a plot and return its new etag; `Conflict` when it changed since `etag`."""
        return self._records.put(f"plots/{user}/{plot['name']}", plot, if_match=etag)

    def remove(self, user: str, plot: dict[str, Any], etag: str) -> None:
        """Remove a plot; `Conflict` when it changed since `etag`."""
        self._records.delete(f"plots/{user}/{plot['name']}", if_match=etag)
        self._records.delete(f"ids/{plot['id']}")

    def put_blob(self, room: str, user: str, data: bytes) -> str:
        """Store bytes under their hash and return it; `room` is the first part of the key."""
        name = blake3(data).hexdigest()
        self._blobs.put(f"{room}/{user}/{name}", [data])
        return name

    def erase_blobs(self, user: str, limit: int) -> list[int]:
        """Delete up to `limit` blobs of an account; return the bytes of each."""
        gone: list[int] = []
        for room in ROOMS:
            found = self._blobs.list(f"{room}/{user}/", limit=limit - len(gone)) if len(gone) < limit else []
            for blob in found:
                self._blobs.delete(blob.key)
            gone.extend(blob.size for blob in found)
        return gone

    def blob(self, room: str, user: str, name: str) -> bytes:
        """Return bytes by their hash; `NotFound`."""
        return b"".join(self._blobs.get(f"{room}/{user}/{name}"))

    def json_blob(self, room: str, user: str, name: str) -> Any:
        """Return what is in a blob of JSON; `NotFound`."""
        return json.loads(self.blob(room, user, name))
