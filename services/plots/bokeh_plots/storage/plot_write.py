"""A change of a plot's record that gives it new references, some of them to objects of the data service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bokeh_common.errors import Conflict
from bokeh_common.storage.two_phase_records import AnnouncedWrite, TwoPhaseRecordStore


@dataclass(frozen=True)
class NewReferences:
    """What a plot refers to that it did not refer to before.

    Attributes:
        blobs: keys of blobs of this service.
        sources: ids of data sources of the account.
        columns: hashes of columns of the account.
    """

    blobs: list[str]
    sources: list[str]
    columns: list[str]

    def names(self, user: str) -> list[str]:
        """Return the names of all objects, each with its service."""
        return [
            *(f"plots:{blob}" for blob in self.blobs),
            *(f"data:sources/{user}/{source}" for source in self.sources),
            *(f"data:columns/{user}/{column}" for column in self.columns),
        ]


@dataclass(frozen=True)
class PlotWrite:
    """A write that has been announced; objects of this service are protected from being collected.

    The caller pins those of the data service, and then commits the write, or aborts it.

    Attributes:
        plot: the new value of the record.
        announced: the write of the record.
        records: contains the index.
        index: the key of the plot's id, if the plot is new.
        committed: is called with the id of the plot after the write.
    """

    plot: dict[str, Any]
    announced: AnnouncedWrite
    records: TwoPhaseRecordStore
    index: str | None
    committed: Callable[[str], object]

    def commit(self) -> str:
        """Replace the record, and return its new etag; `Conflict` if it was changed in between."""
        try:
            etag = self.announced.commit(self.plot)
        except Conflict:
            self._delete_index()
            raise
        self.committed(self.plot["id"])
        return etag

    def abort(self) -> None:
        """Leave the record as it was."""
        self.announced.abort()
        self._delete_index()

    def _delete_index(self) -> None:
        if self.index is not None:
            self.records.delete(self.index)
