"""An account's data as a whole: counted for its owner, and deleted with the account."""

from bokeh_data.storage.quotas import UPLOAD_BYTES
from bokeh_data.storage.repository import DataRepository, record_bytes

PAGE = 1000
MAX_DELETED = 500  # objects that one call deletes, so that it ends in time on any storage


class DataUsage:
    """Counts and deletes the data of accounts."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository

    def count(self, user: str) -> dict[str, int]:
        """Return the number of `sources` of an account, and the `bytes` that it stores in this service."""
        sources, after = 0, ""
        while page := self._repository.sources(user, after, PAGE):
            sources += len(page)
            after = str(page[-1]["id"])
        return {"sources": sources, "bytes": self._repository.stored_bytes(user)}

    def delete(self, user: str) -> dict[str, int]:
        """Delete up to `MAX_DELETED` objects of an account: sources, then columns, then its uploads.

        Other accounts may have uploaded the same chunks. Chunks to which no account refers are collected.

        Returns:
            the number of `sources` that were deleted, the `bytes` of all that was, with the chunks whose
            uploads were, and whether the account is `done`.
        """
        sources = self._repository.sources(user, "", MAX_DELETED)
        size = sum(self._repository.delete_source(user, source["id"]) for source in sources)
        columns = self._repository.delete_columns(user, MAX_DELETED - len(sources))
        rest = MAX_DELETED - len(sources) - len(columns)
        uploads = self._repository.uploads(user, "", rest) if rest else {}
        for chunk in uploads:
            self._repository.delete_upload(user, chunk)
        done = len(uploads) < rest
        self._repository.ledger.forget(user)
        size += sum(map(record_bytes, sources)) + sum(columns)
        size += sum(uploads.values()) + len(uploads) * UPLOAD_BYTES
        return {"sources": len(sources), "bytes": size, "done": done}
