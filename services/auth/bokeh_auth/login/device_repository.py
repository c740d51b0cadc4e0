"""The storage of requests of programs to be logged in; `repository` has all other keys of the service.

devices/{digest}    a request, by the digest of its device code
codes/{digest}      the digest of the device code, by that of the user code
"""

from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore

Value = dict[str, Any]
Found = tuple[Value, str]


class DeviceRepository:
    """The records of requests."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def add(self, digest: str, code: str, value: Value) -> bool:
        """Add a request, first its user code; return False if another request has this code."""
        index = {"device": digest, "expires": value["expires"]}
        try:
            self._records.put(f"codes/{code}", index, if_match=ABSENT)
        except Conflict:
            return False
        self._records.put(f"devices/{digest}", value, if_match=ABSENT)
        return True

    def find(self, digest: str) -> Found | None:
        """Return a request and its etag; None if there is none."""
        return self._find(f"devices/{digest}")

    def digest_of_code(self, code: str) -> str | None:
        """Return the digest of the device code that belongs to a user code; None if there is none."""
        found = self._find(f"codes/{code}")
        return None if found is None else str(found[0]["device"])

    def change(self, digest: str, value: Value, etag: str) -> None:
        """Replace a request; `Conflict` if its etag is not `etag`."""
        self._records.put(f"devices/{digest}", value, if_match=etag)

    def remove(self, digest: str, code: str) -> None:
        """Delete a request and its user code."""
        self._records.delete(f"devices/{digest}")
        self._records.delete(f"codes/{code}")

    def page(self, keyspace: str, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return objects of a keyspace, `devices` or `codes`, by the rest of their keys."""
        found = self._records.list(f"{keyspace}/", f"{keyspace}/{after}", limit)
        return [(record.key.removeprefix(f"{keyspace}/"), dict(record.value)) for record in found]

    def delete(self, keyspace: str, name: str) -> None:
        """Delete an object of a keyspace."""
        self._records.delete(f"{keyspace}/{name}")

    def _find(self, key: str) -> Found | None:
        try:
            record = self._records.get(key)
        except NotFound:
            return None
        return dict(record.value), record.etag
