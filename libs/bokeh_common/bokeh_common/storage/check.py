"""Checks of a storage: whether it can be reached, is persistent and behaves as the services need."""

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
class CheckResult:
    """The result of one check.

    Attributes:
        name: of the property.
        passed: whether the check passed.
        detail: the measured value, or what is wrong.
    """

    name: str
    passed: bool
    detail: str


def check(url: str) -> Iterator[CheckResult]:
    """Yield the results of all checks; if the storage cannot be reached, of that check only."""
    try:
        started = time.monotonic()
        records, blobs = open_records(url, NAMESPACE), open_blobs(url, NAMESPACE)
        records.list(limit=1)
    except (CloudError, ImportError) as error:
        yield CheckResult("reachable", passed=False, detail=str(error))
        return
    yield CheckResult(
        "reachable", passed=True, detail=f"responded in {(time.monotonic() - started) * 1e3:.0f} ms"
    )
    yield _persistence(records)
    key = f"check/{secrets.token_hex(8)}"
    try:
        for name, run in _checks(records, blobs, key):
            yield _run(name, run)
    finally:
        with suppress(CloudError):
            records.delete(key)
            blobs.delete(key)


def _checks(records: RecordStore, blobs: BlobStore, key: str) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "writable", lambda: _round_trip(records, blobs, key)
    yield "compare-and-swap", lambda: _swap(records, key)
    yield "clock", lambda: _clock(blobs, key)


def _run(name: str, run: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, passed=True, detail=run())
    except (CloudError, _CheckFailed) as error:
        return CheckResult(name, passed=False, detail=str(error))


class _CheckFailed(Exception):
    """The storage did not behave as required."""


def _persistence(records: RecordStore) -> CheckResult:
    lost = records.traits.lost_seconds
    if math.isinf(lost):
        return CheckResult("persistence", passed=False, detail="all data are lost when the server stops")
    detail = (
        f"a crash may lose the writes of the last {lost:g} s" if lost else "a crash loses no confirmed writes"
    )
    return CheckResult("persistence", passed=True, detail=detail)


def _round_trip(records: RecordStore, blobs: BlobStore, key: str) -> str:
    data = secrets.token_bytes(2 << 20)
    started = time.monotonic()
    records.put(key, {"checked": True})
    blobs.put(key, [data])
    if records.get(key).value != {"checked": True} or b"".join(blobs.get(key)) != data:
        raise _CheckFailed("the data read differ from the data written")
    return f"a record and 2 MiB written and read in {(time.monotonic() - started) * 1e3:.0f} ms"


def _swap(records: RecordStore, key: str) -> str:
    etag = records.put(key, 1)
    records.put(key, 2, if_match=etag)
    for stale in (etag, ABSENT):
        with suppress(Conflict):
            records.put(key, 3, if_match=stale)
            raise _CheckFailed("a write succeeded although its condition did not hold")
    return "one of two concurrent writers wins"


def _clock(blobs: BlobStore, key: str) -> str:
    try:
        skew = blobs.put(key, [b"x"]).touched - time.time()
    except NotFound as error:
        raise _CheckFailed(str(error)) from None
    if abs(skew) > MAX_SKEW_SECONDS:
        raise _CheckFailed(f"its clock differs from this machine's by {skew:+.0f} s: synchronize both by NTP")
    return f"differs by {skew:+.1f} s from this machine's"
