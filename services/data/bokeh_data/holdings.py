"""What an account has here: counted for its owner, and deleted with the account."""

from bokeh_data.records import Records

PAGE = 1000
AT_ONCE = 500  # things that one call deletes, so that it ends in time on any storage


class Holdings:
    """The data of one account after the other."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def usage(self, user: str) -> dict[str, int]:
        """Return how many `sources` an account has, and the `bytes` of the chunks that it has sent."""
        sources, after = 0, ""
        while page := self._records.sources(user, after, PAGE):
            sources += len(page)
            after = str(page[-1]["id"])
        size, after = 0, ""
        while uploads := self._records.uploads(user, after, PAGE):
            size += sum(uploads.values())
            after = list(uploads)[-1]
        return {"sources": sources, "bytes": size}

    def erase(self, user: str) -> dict[str, int]:
        """Delete what an account has, at most 500 things: sources, then columns, then its hold on chunks.

        A chunk may be held by others as well; those that nobody holds are collected.

        Returns:
            the `sources` that were deleted, the `bytes` of chunks that were given up, and whether it is
            `done`.
        """
        sources = self._records.sources(user, "", AT_ONCE)
        for source in sources:
            self._records.delete_source(user, source["id"])
        columns = self._records.erase_columns(user, AT_ONCE - len(sources))
        rest = AT_ONCE - len(sources) - columns
        uploads = self._records.uploads(user, "", rest) if rest else {}
        for chunk in uploads:
            self._records.forget_upload(user, chunk)
        done = len(uploads) < rest
        return {"sources": len(sources), "bytes": sum(uploads.values()), "done": done}
