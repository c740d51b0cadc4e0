"""What an account has here: counted for its owner, and deleted with the account."""

from typing import Any

from bokeh_common.errors import Conflict
from bokeh_plots.records import Records

PAGE = 1000
AT_ONCE = 500  # things that one call deletes, so that it ends in time on any storage


class Holdings:
    """The plots of one account after the other."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def count(self, user: str) -> int:
        """Return how many plots an account has."""
        found, after = 0, ""
        while page := self._records.page(user, after, PAGE):
            found += len(page)
            after = str(page[-1][0]["name"])
        return found

    def erase(self, user: str) -> dict[str, int]:
        """Delete what an account has, at most 500 things: plots first, then what belonged to them.

        Returns:
            the `plots` that were deleted, the `bytes` of scenes and the like, and whether it is `done`.
        """
        there = self._records.page(user, "", AT_ONCE)
        plots = sum(self._removed(user, *plot) for plot in there)
        gone = self._records.erase_blobs(user, AT_ONCE - len(there))
        done = plots == len(there) and plots + len(gone) < AT_ONCE
        return {"plots": plots, "bytes": sum(gone), "done": done}

    def _removed(self, user: str, value: dict[str, Any], etag: str) -> bool:
        try:
            self._records.remove(user, value, etag)
        except Conflict:  # a publication that was under way; the next call sees what it made
            return False
        return True
