"""Where the garbage collector keeps things; the only file that knows the keys.

Records: `leases/{name}` (which worker is at it, and until when), `report` (what the last run of all did),
`compressed` (until when chunks were touched last that the compression has looked at).
"""

from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore


class Records:
    """The garbage collector's records."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def ping(self) -> None:
        """Raise `Unavailable` when the store does not answer."""
        self._records.list(limit=1)

    def lease(self, name: str) -> tuple[dict[str, Any], str] | None:
        """Return a lease and its etag; None when nobody has it."""
        try:
            record = self._records.get(f"leases/{name}")
        except NotFound:
            return None
        return dict(record.value), record.etag

    def take_lease(self, name: str, lease: dict[str, Any], etag: str | None) -> str:
        """Take or renew a lease that was as `etag`; `Conflict` when somebody else was faster."""
        return self._records.put(f"leases/{name}", lease, if_match=etag or ABSENT)

    def end_lease(self, name: str, etag: str) -> None:
        """Give a lease back, unless somebody else has it by now."""
        with suppress(Conflict):
            self._records.delete(f"leases/{name}", if_match=etag)

    def report(self) -> dict[str, Any] | None:
        """Return the report of the last run."""
        try:
            return dict(self._records.get("report").value)
        except NotFound:
            return None

    def compressed_until(self) -> float:
        """Return until when chunks were touched last that were looked at; POSIX seconds, 0 before any."""
        try:
            return float(self._records.get("compressed").value["until"])
        except NotFound:
            return 0.0

    def put_compressed_until(self, until: float) -> None:
        """Keep how far a pass came."""
        self._records.put("compressed", {"until": until})

    def put_report(self, report: dict[str, Any]) -> None:
        """Keep the report of a run."""
        self._records.put("report", report)
