"""The storage of the garbage collector; the only module that knows its keys.

Records:

    leases/{name}   the process that does a job, and until when its lease is valid
    report          the report of the last run for all accounts
    compressed      the time up to which chunks have been examined by the compressor
"""

from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore


class GcRepository:
    """The records of the garbage collector."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def ping(self) -> None:
        """Raise `Unavailable` if the store does not answer."""
        self._records.list(limit=1)

    def lease(self, name: str) -> tuple[dict[str, Any], str] | None:
        """Return a lease and its etag; None if no process has ever taken it, or it was given back."""
        try:
            record = self._records.get(f"leases/{name}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def take_lease(self, name: str, lease: dict[str, Any], etag: str | None) -> str:
        """Take or renew a lease that had this etag (None: a new one); `Conflict` if it has changed."""
        return self._records.put(f"leases/{name}", lease, if_match=etag or ABSENT)

    def end_lease(self, name: str, etag: str) -> None:
        """Give back a lease, unless another process has taken it since."""
        with suppress(Conflict):
            self._records.delete(f"leases/{name}", if_match=etag)

    def report(self) -> dict[str, Any] | None:
        """Return the report of the last run for all accounts; None before the first one."""
        try:
            return dict(self._records.get("report").value)
        except NotFound:
            return None

    def put_report(self, report: dict[str, Any]) -> None:
        """Store the report of a run."""
        self._records.put("report", report)

    def compressed_until(self) -> float:
        """Return up to when chunks have been examined, in POSIX seconds; 0 before the first pass."""
        try:
            return float(self._records.get("compressed").value["until"])
        except NotFound:
            return 0.0

    def put_compressed_until(self, until: float) -> None:
        """Store up to when chunks have been examined, in POSIX seconds."""
        self._records.put("compressed", {"until": until})
