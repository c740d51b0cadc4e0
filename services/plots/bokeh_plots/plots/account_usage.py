"""What an account has in this service: counted against its quota, and erased with the account."""

from typing import Any

import msgspec

from bokeh_common.errors import Conflict
from bokeh_plots.storage.repository import PlotRepository, stored_name

PAGE = 1000
ERASE_BATCH = 500  # objects that one call deletes, so that it takes a bounded time on any storage


class PlotUsage:
    """Counts and erases the plots of an account."""

    def __init__(self, repository: PlotRepository) -> None:
        self._repository = repository

    def count(self, user: str) -> int:
        """Return how many plots an account has."""
        found, after = 0, ""
        while page := self._repository.page(user, after, PAGE):
            found += len(page)
            after = stored_name(page[-1][0])
        return found

    def stored_bytes(self, user: str) -> int:
        """Return how many bytes an account stores in this service."""
        return self._repository.stored_bytes(user)

    def erase(self, user: str) -> dict[str, int]:
        """Delete what an account has, at most 500 objects: plots first, then the blobs that belonged to them.

        Returns:
            how many `plots` were deleted, the `bytes` of all that was, and whether everything is
            `done`.
        """
        there = self._repository.page(user, "", ERASE_BATCH)
        removed = [value for value, etag in there if self._remove(user, value, etag)]
        plots = len(removed)
        sizes = self._repository.erase_blobs(user, ERASE_BATCH - len(there))
        done = plots == len(there) and plots + len(sizes) < ERASE_BATCH
        size = sum(sizes) + sum(len(msgspec.json.encode(value)) for value in removed)
        return {"plots": plots, "bytes": size, "done": done}

    def _remove(self, user: str, value: dict[str, Any], etag: str) -> bool:
        try:
            self._repository.remove(user, value, etag)
        except Conflict:  # a publication was in progress; the next call deletes what it stored
            return False
        return True
