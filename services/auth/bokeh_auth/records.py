"""Where the auth service keeps things; the only file that knows the keys.

Records: `secrets/view` (the key that signs view tokens).
"""

import secrets
from contextlib import suppress

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore

KEY_BYTES = 32


class Records:
    """The auth service's records."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def ping(self) -> None:
        """Raise `Unavailable` when the store does not answer."""
        self._records.list(limit=1)

    def view_key(self) -> bytes:
        """Return the key that signs view tokens; the first of all processes to ask makes it."""
        with suppress(NotFound):
            return bytes.fromhex(self._view_key())
        with suppress(Conflict):  # another process may be faster
            self._records.put("secrets/view", {"key": secrets.token_hex(KEY_BYTES)}, if_match=ABSENT)
        return bytes.fromhex(self._view_key())

    def _view_key(self) -> str:
        return str(dict(self._records.get("secrets/view").value)["key"])
