"""Trying out a storage, one property after the other."""

import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from bokeh_common.errors import CloudError, Conflict, NotFound
from bokeh_common.storage import ABSENT, BlobStore, RecordStore, open_blobs, open_records

NAMESPACE = "check"
MAX_SKEW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was checked.
        good: whether it is as it must be.
        detail: what it is, or what to do about it.
    """

    name: str
    good: bool
    detail: str


def check(url: str) -> Iterator[Finding]:
    """Yield findings; after one that is not good, those that depend on it are left out."""
    try:
        begun = time.monotonic()
        records, blobs = open_records(url, NAMESPACE), open_blobs(url, NAMESPACE)
        records.list(limit=1)
    except (CloudError, ImportError) as error:
        yield Finding("reachable", good=False, detail=str(error))
        return
    yield Finding("reachable", good=True, detail=f"answered in {(time.monotonic() - begun) * 1e3:.0f} ms")
    yield _persistence(records)
    key = f"check/{secrets.token_hex(8)}"
    try:
        for name, trial in _trials(records, blobs, key):
            yield _try(name, trial)
    finally:
        with suppress(CloudError):
            records.delete(key)
            blobs.delete(key)


def _trials(records: RecordStore, blobs: BlobStore, key: str) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "writable", lambda: _round_trip(records, blobs, key)
    yield "compare-and-swap", lambda: _swap(records, key)
    yield "clock", lambda: _clock(blobs, key)


def _try(name: str, trial: Callable[[], str]) -> Finding:
    try:
        return Finding(name, good=True, detail=trial())
    except (CloudError, _Wrong) as error:
        return Finding(name, good=False, detail=str(error))


class _Wrong(Exception):
    """The storage answered, but not what it should have."""


def _persistence(records: RecordStore) -> Finding:
    lost = records.traits.lost_seconds
    if math.isinf(lost):
        return Finding("persistence", good=False, detail="everything is lost when the server stops")
    detail = f"a crash may lose the last {lost:g} s" if lost else "a crash loses nothing that was confirmed"
    return Finding("persistence", good=True, detail=detail)


def _round_trip(records: RecordStore, blobs: BlobStore, key: str) -> str:
    data = secrets.token_bytes(2 << 20)
    begun = time.monotonic()
    records.put(key, {"checked": True})
    blobs.put(key, [data])
    if records.get(key).value != {"checked": True} or b"".join(blobs.get(key)) != data:
        raise _Wrong("what was read is not what was written")
    return f"a record and 2 MiB written and read in {(time.monotonic() - begun) * 1e3:.0f} ms"


def _swap(records: RecordStore, key: str) -> str:
    etag = records.put(key, 1)
    records.put(key, 2, if_match=etag)
    for stale in (etag, ABSENT):
        with suppress(Conflict):
            records.put(key, 3, if_match=stale)
            raise _Wrong("a write with a condition that does not hold went through")
    return "one of two writers wins"


def _clock(blobs: BlobStore, key: str) -> str:
    try:
        skew = blobs.put(key, [b"x"]).touched - time.time()
    except NotFound as error:
        raise _Wrong(str(error)) from None
    if abs(skew) > MAX_SKEW_SECONDS:
        raise _Wrong(f"its clock and ours are {skew:+.0f} s apart: set them by NTP")
    return f"{skew:+.1f} s from ours"
