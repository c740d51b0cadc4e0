"""Where plots are kept; the only file that knows the keys.

Records: `plots/{user}/{name}` (a plot and its versions), `ids/{plot}` (whose it is, and its name),
`visits/{user}/{plot}` (how often it was seen, and its picture).
Blobs: `scenes/{user}/{hash}`, `manifests/{user}/{hash}` (what belongs to a version),
`extensions/{user}/{hash}` and `thumbnails/{user}/{plot}/{hash}`; all named by the BLAKE3-256 of their bytes.

A version is published by a compare-and-swap of the plot's record, after everything that it refers to; see
`bokeh_common.storage.staged` for how it is kept from being collected meanwhile.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.storage import ABSENT, Absent, BlobStore, RecordStore
from bokeh_common.storage.staged import StagedRecords

ROOMS = ("manifests", "scenes", "extensions", "thumbnails")


@dataclass(frozen=True)
class Refers:
    """What a plot newly refers to.

    Attributes:
        blobs: keys of this service's own.
        others: keys of other services' things.
        hold: keeps those from being collected, or raises when some are gone.
    """

    blobs: list[str]
    others: list[str]
    hold: Callable[[], None]

    @property
    def keys(self) -> list[str]:
        """The keys of all, each with its service."""
        return [*(f"plots:{blob}" for blob in self.blobs), *self.others]


class Records:
    """Plots on a record store and a blob store."""

    def __init__(self, records: RecordStore, blobs: BlobStore) -> None:
        self._records = StagedRecords(records)
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

    def everybodys(self, user: str | None, after: str, limit: int) -> list[tuple[dict[str, Any], str]]:
        """Return plots of one account or of all, after `{account}/{name}`, and their etags."""
        prefix = "plots/" if user is None else f"plots/{user}/"
        records = self._records.list(prefix, f"plots/{after}" if after else "", limit)
        return [(dict(record.value), record.etag) for record in records]

    def add(self, user: str, plot: dict[str, Any], refers: Refers) -> str:
        """Add a plot and return its etag; `Conflict` when there is one of this name."""
        index = f"ids/{plot['id']}"
        owner = {"user_id": user, "name": plot["name"], "at": time.time()}
        self._records.put(index, owner, if_match=ABSENT)

        def hold() -> None:
            self._records.touch(index)
            self._hold(refers)

        keys = [f"plots:{index}", *refers.keys]
        try:
            return self._records.put_referring(f"plots/{user}/{plot['name']}", plot, ABSENT, keys, hold)
        except Conflict:
            self._records.delete(index)
            raise

    def replace(self, user: str, plot: dict[str, Any], etag: str, refers: Refers | None = None) -> str:
        """Replace a plot and return its new etag; `Conflict` when it changed since `etag`.

        Args:
            user: whose it is.
            plot: what it will be.
            etag: what it was.
            refers: what it refers to and did not before.
        """
        key = f"plots/{user}/{plot['name']}"
        if refers is None:
            return self._records.put(key, plot, if_match=etag)
        return self._records.put_referring(key, plot, etag, refers.keys, lambda: self._hold(refers))

    def _hold(self, refers: Refers) -> None:
        try:
            for blob in refers.blobs:
                self._blobs.touch(blob)
        except NotFound:
            raise Unavailable("What was stored for this plot is gone; publish it again.") from None
        refers.hold()

    def remove(self, user: str, plot: dict[str, Any], etag: str) -> None:
        """Remove a plot; `Conflict` when it changed since `etag`."""
        self._records.delete(f"plots/{user}/{plot['name']}", if_match=etag)
        self._records.delete(f"ids/{plot['id']}")
        self._records.delete(f"visits/{user}/{plot['id']}")
        for blob in self._blobs.list(f"thumbnails/{user}/{plot['id']}/"):
            self._blobs.delete(blob.key)

    def visit(self, user: str, plot: str) -> tuple[dict[str, Any], str | Absent]:
        """Return what visits left behind, and its etag; nothing, and `ABSENT`, before the first one."""
        try:
            record = self._records.get(f"visits/{user}/{plot}")
        except NotFound:
            return {}, ABSENT
        return dict(record.value), record.etag

    def put_visit(
        self, user: str, plot: str, value: dict[str, Any], etag: str | Absent, picture: str | None = None
    ) -> None:
        """Replace what visits left behind, maybe with a new picture; `Conflict` when it changed."""
        key = f"visits/{user}/{plot}"
        if picture is None:
            self._records.put(key, value, if_match=etag)
            return
        refers = Refers([f"thumbnails/{user}/{plot}/{picture}"], [], lambda: None)
        self._records.put_referring(key, value, etag, refers.keys, lambda: self._hold(refers))

    def visits(self, user: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the ids of the account's plots that were seen, with what visits left behind."""
        prefix, after = f"visits/{user}/", ""
        while page := self._records.list(prefix, after):
            yield from ((record.key.removeprefix(prefix), dict(record.value)) for record in page)
            after = page[-1].key

    def put_thumbnail(self, user: str, plot: str, picture: bytes) -> str:
        """Store a picture under its hash and return it."""
        return self.put_blob("thumbnails", f"{user}/{plot}", picture)

    def thumbnail(self, user: str, plot: str, name: str) -> bytes:
        """Return a picture; `NotFound`."""
        return self.blob("thumbnails", f"{user}/{plot}", name)

    def drop_thumbnail(self, user: str, plot: str, name: str) -> None:
        """Delete a picture."""
        self._blobs.delete(f"thumbnails/{user}/{plot}/{name}")

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

    def blocks(self, room: str, user: str, name: str) -> Iterator[bytes]:
        """Return bytes by their hash, in blocks of about 1 MiB; `NotFound`."""
        return self._blobs.get(f"{room}/{user}/{name}")

    def json_blob(self, room: str, user: str, name: str) -> Any:
        """Return what is in a blob of JSON; `NotFound`."""
        return json.loads(self.blob(room, user, name))
