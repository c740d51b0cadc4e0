"""What has changed in a live source since a version, for pages that show it.

A version has a position: its number, its lineage, the end of its rows and their count (`Source.position`).
Within a lineage, rows are only appended, and dropped at the beginning. So the rows between two positions of a
lineage can be read from any later version that still has them, and it does not matter whether the versions
themselves are kept.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from bokeh_common.errors import NotFound
from bokeh_common.timestamps import parse_timestamp
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.dtypes import item_bytes, numpy_dtype
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.row_encoding import (
    MAX_PATCHED,
    ROW_NUMBER_BYTES,
    EncodedRows,
    are_comparable,
    differing_rows,
    encode_patch,
    encode_rows,
    has_simple_rows,
)
from bokeh_data.sources.catalog import SourceCatalog
from bokeh_data.sources.source import Source
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository

#: Pages load whole columns rather than so many appended bytes, or rows.
MAX_APPENDED_BYTES = 1 << 20
MAX_APPENDED_ROWS = 50_000

#: Chunks of so many bytes are compared in order to find changed values: for a column, and for all columns of
#: all sources of a request, since anyone who may see a plot can ask again and again.
MAX_COMPARED_BYTES = 8 << 20
MAX_COMPARED_IN_TOTAL = 64 << 20

#: Appended and changed values of all sources of a request.
MAX_SENT_BYTES = 2 << 20

#: Values are compared with those of a version that was the newest so recently that open pages may show it:
#: which rows differ tells something about the older version.
MAX_AGE = timedelta(minutes=15)


class Position(NamedTuple):
    """A version of a source: see `Source.position`."""

    version: int
    lineage: int
    end: int
    rows: int

    @property
    def start(self) -> int:
        """The number of rows of the lineage before the first one that this version has."""
        return self.end - self.rows


@dataclass(frozen=True)
class ChangeQuery:
    """What is asked about a source.

    Attributes:
        names: the columns that matter; None for all.
        since: the position that the page shows; None if it is not known.
        until: the position up to which rows are sent; None for the current one.
    """

    names: Container[str] | None = None
    since: Position | None = None
    until: Position | None = None


@dataclass
class ChangeAllowance:
    """What the rest of a request may cost.

    Attributes:
        compared: bytes of chunks that may be compared.
        sent: bytes of values that may be sent.
    """

    compared: int = MAX_COMPARED_IN_TOTAL
    sent: int = MAX_SENT_BYTES

    def take(self, compared: float = 0, sent: float = 0) -> bool:
        """Use up some of it, unless that is too much."""
        if compared > self.compared or sent > self.sent:
            return False
        self.compared -= int(compared)
        self.sent -= int(sent)
        return True


class SourceChanges:
    """Finds out how live sources have changed."""

    def __init__(self, repository: DataRepository, catalog: SourceCatalog, columns: AccountColumns) -> None:
        self._repository = repository
        self._catalog = catalog
        self._columns = columns
        self._store = ColumnStore(repository)

    def find(
        self, user: str, source_id: str, query: ChangeQuery, allowance: ChangeAllowance | None = None
    ) -> dict[str, Any]:
        """Return the `source`, its `position`, and how to get there from `query.since`.

        The members `rows` (appended rows) and `patches` (changed values) are absent if pages have to load
        columns whole. With `rows`, the position is `query.until`, if that is one of the current lineage.

        Args:
            user: the account.
            source_id: the source.
            query: what is asked.
            allowance: of the request, if it asks about several sources.

        Raises:
            NotFound: there is no such source.
        """
        allowance = allowance or ChangeAllowance()
        source = self._catalog.get(user, source_id)
        current = Position(*source.position)
        found = {"source": source.record, "position": current}
        since, until = query.since, query.until
        target = until if until is not None and _is_on_the_way(until, current) else current
        if since is None or since == current:
            return found
        if since.lineage and since.lineage == target.lineage and since.end <= target.end:
            rows = self._appended(user, source, query.names, since, target, allowance)
            return found if rows is None else {**found, "position": target, "rows": rows}
        patches = self._patches(user, source, query.names, since, allowance)
        return found if patches is None else {**found, "patches": patches}

    def _appended(
        self,
        user: str,
        source: Source,
        names: Container[str] | None,
        since: Position,
        target: Position,
        allowance: ChangeAllowance,
    ) -> dict[str, Any] | None:
        """Return the rows between two positions; None if they are too many, or not there any more."""
        current = Position(*source.position)
        start = max(since.end, target.start)
        columns = self._read(user, _chosen(source, names))
        if start < current.start or not all(map(has_simple_rows, columns.values())):
            return None
        if any(column.length != current.rows for column in columns.values()):
            return None
        size = _size(columns, target.end - start)
        if size > MAX_APPENDED_BYTES or target.end - start > MAX_APPENDED_ROWS:
            return None
        if not allowance.take(sent=size):
            return None
        begin, end = start - current.start, target.end - current.start
        rows = {name: encode_rows(one, self._store.rows(one, begin, end)) for name, one in columns.items()}
        return {"start": start, "columns": rows}

    def _patches(
        self,
        user: str,
        source: Source,
        names: Container[str] | None,
        since: Position,
        allowance: ChangeAllowance,
    ) -> dict[str, EncodedRows] | None:
        """Return the values that differ from those of an older version; None if there are too many."""
        record = self._repository.find_version(user, source.id, since.version)
        if record is None or record["columns"].keys() != source.columns.keys():
            return None
        if not self._was_newest_recently(user, source, since.version):
            return None
        old, new = _chosen(Source.from_record(record), names), _chosen(source, names)
        changed = [name for name in new if new[name] != old[name]]
        try:
            before, after = (self._read(user, {name: one[name] for name in changed}) for one in (old, new))
        except NotFound:  # the columns of an old version may have been collected
            return None
        found = {}
        for name in changed:
            patch = self._patch(before[name], after[name], allowance)
            if patch is None:
                return None
            found[name] = patch
        return found

    def _was_newest_recently(self, user: str, source: Source, version: int) -> bool:
        newer: Mapping[str, Any] | None = source.record
        if version + 1 != source.version:
            newer = self._repository.find_version(user, source.id, version + 1)
        return newer is not None and parse_timestamp(newer["modified"]) > datetime.now(UTC) - MAX_AGE

    def _patch(self, old: Column, new: Column, allowance: ChangeAllowance) -> EncodedRows | None:
        if not are_comparable(old, new):
            return None
        pairs = zip(old.chunks, new.chunks, np.cumsum([0, *(c.size for c in new.chunks)]), strict=False)
        changed = [pair for pair in pairs if pair[0] != pair[1]]
        item = item_bytes(new.dtype)
        compared = sum(chunk.size for _, chunk, _ in changed)
        if compared > MAX_COMPARED_BYTES or not allowance.take(compared):
            return None
        if new.skip and changed and not changed[0][2]:  # some of the first chunk's rows were dropped
            return None
        rows, values = [np.empty(0, np.int64)], [np.empty(0, numpy_dtype(new.dtype))]
        for before, after, offset in changed:
            if offset % item or after.size % item:
                return None
            arrays = [
                np.frombuffer(self._store.view_chunk(one), numpy_dtype(new.dtype)) for one in (before, after)
            ]
            found = differing_rows(*arrays)
            rows.append(found + offset // item - new.skip)
            values.append(arrays[1][found])
        count = sum(map(len, rows))
        if count > MAX_PATCHED or not allowance.take(sent=count * (item + ROW_NUMBER_BYTES)):
            return None
        return encode_patch(new, np.concatenate(rows), np.concatenate(values))

    def _read(self, user: str, hashes: Mapping[str, str]) -> dict[str, Column]:
        return dict(zip(hashes, self._columns.get(user, hashes.values()), strict=True))


def _is_on_the_way(until: Position, current: Position) -> bool:
    return until.lineage == current.lineage and until.end <= current.end


def _chosen(source: Source, names: Container[str] | None) -> dict[str, str]:
    """Return the hashes of the columns that matter."""
    return {name: column for name, column in source.hashes.items() if names is None or name in names}


def _size(columns: Mapping[str, Column], rows: int) -> float:
    """Return the bytes of so many rows; those of lists are estimated from all of their rows."""
    return sum(rows * column.size / max(column.length, 1) for column in columns.values())
