"""Live data sources: they can be changed, and have versions that can be read and restored.

Each change is one compare-and-swap of the source's record, after everything that it refers to has been
stored. So a reader sees the source before or after the change, and a change that conflicts with another is
repeated on top of it.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, Invalid, PreconditionFailed, Unavailable
from bokeh_common.timestamps import current_timestamp
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.manifest import Column, check_hash, parse_column
from bokeh_data.columns.names import abbreviate, explain_names, resolve_names
from bokeh_data.columns.values import Values
from bokeh_data.sources.drafts import Buffers, RowsDraft, SourceDraft
from bokeh_data.sources.fitting import fit_rows
from bokeh_data.sources.idempotency import is_repeated, remember_key
from bokeh_data.sources.limits import SOURCE_LIMITS, SourceLimits
from bokeh_data.sources.retention import RetentionPolicy
from bokeh_data.sources.source import (
    Source,
    column_summaries,
    encode_source_id,
    is_source_id,
    no_such_source,
)
from bokeh_data.sources.versions import SourceHistory
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.locks import Locks
from bokeh_data.storage.repository import DataRepository

ATTEMPTS = 100
BUSY = "Other requests are changing this source at the moment; try again."


@dataclass(frozen=True)
class SourceChange:
    """The next version of a source.

    Attributes:
        source: the source; its version and time of modification are set when it is committed.
        columns: columns that the current version does not have.
        unchanged: columns of the current version whose chunks need not be pinned.
        version: the number of the version; None for the next one.
        appended: how many rows were appended; None if columns were replaced.
    """

    source: Source
    columns: list[Column] = field(default_factory=list)
    unchanged: list[Column] = field(default_factory=list)
    version: int | None = None
    appended: int | None = None


class LiveSources:
    """Creates and changes live sources, for one account at a time.

    After a change, `SourceHistory.after_commit` prunes old versions.
    """

    def __init__(
        self,
        repository: DataRepository,
        columns: AccountColumns,
        history: SourceHistory,
        limits: SourceLimits = SOURCE_LIMITS,
    ) -> None:
        self._repository = repository
        self._columns = columns
        self._history = history
        self._limits = limits
        self._store = ColumnStore(repository)
        self._locks = Locks()

    def create(self, user: str, draft: SourceDraft) -> Source:
        """Create a live source.

        Raises:
            Conflict: a source of this id exists.
            Invalid: the draft has no name or columns, they are invalid, or they refer to what is not stored.
            TooLarge: there are too many columns.
        """
        if draft.name is None or draft.columns is None:
            raise Invalid("A new data source needs 'name' and 'columns'.")
        self._limits.check(self._limits.check_name(draft.name), draft.columns)
        source_id = encode_source_id(secrets.token_bytes(16)) if draft.id is None else draft.id
        exists = Conflict(f"There is a data source {source_id} already.")
        if self._repository.find_source(user, source_id) is not None:
            raise exists
        columns, time = self._commit(user, draft.columns, draft.buffers), current_timestamp()
        keep = (draft.keep or RetentionPolicy()).record
        source = Source(
            source_id, draft.name, draft.version or 1, column_summaries(columns), True, time, time, keep
        )
        source = source.after(None, source.version, time, None)
        if not self._repository.add_source(user, source.id, source.record, list(columns.values())):
            raise exists
        return source

    def replace(self, user: str, source_id: str, draft: SourceDraft, if_match: str | None) -> Source:
        """Commit a version with the columns, the name and the retention policy of a draft.

        Args:
            user: the account.
            source_id: the source.
            draft: what it leaves out stays unchanged.
            if_match: the ETag that the source must have; None for any.

        Raises:
            PreconditionFailed: the source has another ETag.
            Conflict: the source is frozen.
            Invalid: the draft is invalid, or refers to what is not stored.
        """
        known = self._get_live(user, source_id)[0]
        check_etag(known, if_match)
        name, columns = draft.name, draft.columns
        if name not in (None, known.name):
            self._limits.check_name(name)
        self._limits.check(known.name if name is None else name, () if columns is None else columns)
        committed = None if columns is None else self._commit(user, columns, draft.buffers)

        def change(current: Source) -> SourceChange:
            check_etag(current, if_match)
            if draft.version is not None and draft.version <= current.version:
                raise Invalid(f"'version' must be greater than {current.version}, the newest version.")
            changed = replace(
                current,
                name=current.name if name is None else name,
                columns=current.columns if committed is None else column_summaries(committed),
                keep=current.keep if draft.keep is None else draft.keep.record,
            )
            added = [] if committed is None else list(committed.values())
            return SourceChange(changed, added, version=draft.version)

        return self._change(user, source_id, change)

    def require(self, user: str, source_id: str, if_match: str | None) -> None:
        """Raise, as `replace`, unless there is a live source of this id with this ETag."""
        check_etag(self._get_live(user, source_id)[0], if_match)

    def append(self, user: str, source_id: str, rows: RowsDraft, if_match: str | None = None) -> Source:
        """Append rows, all of them or none.

        Raises:
            PreconditionFailed: the source has another ETag than `if_match`.
            Conflict: the source is frozen.
            Invalid: the rows do not fit the columns.
        """

        def change(current: Source) -> SourceChange:
            if is_repeated(current, rows.key):
                return SourceChange(current)
            check_etag(current, if_match)
            return self._append(user, current, rows)

        return self._change(user, source_id, change)

    def rollback(self, user: str, source_id: str, version: int, if_match: str | None = None) -> Source:
        """Commit a version with the columns of an old one.

        Raises:
            NotFound: that version is not kept.
            PreconditionFailed: the source has another ETag than `if_match`.
        """

        def change(current: Source) -> SourceChange:
            check_etag(current, if_match)
            old = self._history.at(user, current, version)
            columns = self._columns.get(user, list(old.hashes.values()))
            return SourceChange(replace(current, columns=old.columns), columns)

        return self._change(user, source_id, change)

    def delete(self, user: str, source_id: str, if_match: str | None = None) -> None:
        """Delete a source, live or frozen; objects to which nothing else refers become orphans."""

        def read() -> str:
            current, etag = self._get(user, source_id)
            check_etag(current, if_match)
            return etag

        delete = partial(self._repository.delete_source, user, source_id)
        compare_and_swap(read, delete, Unavailable(BUSY), ATTEMPTS)

    def _commit(self, user: str, columns: Mapping[str, Any], buffers: Buffers) -> dict[str, Column]:
        parsed = {name: self._parse_column(user, name, spec, buffers) for name, spec in columns.items()}
        return self._columns.commit(user, parsed)

    def _parse_column(self, user: str, name: str, spec: Any, buffers: Buffers) -> Column:
        if isinstance(spec, Column):
            return spec
        if isinstance(spec, Values):
            return self._store.create(user, spec)
        if isinstance(spec, dict) and spec.keys() == {"hash"}:
            found = self._repository.find_column(user, check_hash(spec["hash"]))
            if found is None:
                detail = f"Column {abbreviate(name)}: there is no column {spec['hash']}; send its contents."
                raise Invalid(detail, slug="missing-columns", missing=[spec["hash"]])
            return found
        if isinstance(spec, dict) and "chunks" in spec:
            return parse_column(name, spec, allow_arrow=True)
        return self._store.create(user, from_json(name, spec, buffers))

    def _append(self, user: str, current: Source, rows: RowsDraft) -> SourceChange:
        given = dict(zip(resolve_names(rows.columns, current.columns), rows.columns.values(), strict=True))
        if given.keys() != current.columns.keys() or len(rows.columns) > len(given):
            raise Invalid(explain_names(given, current.columns))
        found = self._columns.get(user, list(current.hashes.values()))
        columns = dict(zip(current.columns, found, strict=True))
        values = {
            name: fit_rows(name, given[name], rows.buffers, self._store.prototype(column), column.length)
            for name, column in columns.items()
        }
        if len(lengths := {len(v) for v in values.values()}) > 1:
            raise Invalid(f"All columns must get the same number of rows, not {sorted(lengths)}.")
        longer = {n: self._store.append(user, c, values[n], rows.rollover) for n, c in columns.items()}
        summaries = column_summaries(longer)
        if lengths == {0} and summaries == current.columns:
            return SourceChange(current)  # without the key: to repeat this changes nothing, either
        self._repository.put_columns(user, longer.values())
        changed = replace(remember_key(current, rows.key, current.version + 1), columns=summaries)
        [appended] = lengths or {0}
        return SourceChange(changed, list(longer.values()), list(columns.values()), appended=appended)

    def _get(self, user: str, source_id: str) -> tuple[Source, str]:
        """Return a source, and the etag of its record."""
        found = self._repository.read_source(user, source_id) if is_source_id(source_id) else None
        if found is None:
            raise no_such_source(source_id)
        return Source.from_record(found[0]), found[1]

    def _get_live(self, user: str, source_id: str) -> tuple[Source, str]:
        source, etag = self._get(user, source_id)
        if not source.live:
            raise Conflict(
                "This source is frozen: its id is derived from its columns. Create one with 'live': true."
            )
        return source, etag

    def _change(self, user: str, source_id: str, change: Callable[[Source], SourceChange]) -> Source:
        def read() -> tuple[Source, str, SourceChange]:
            current, etag = self._get_live(user, source_id)
            return current, etag, change(current)

        def write(found: tuple[Source, str, SourceChange]) -> Source:
            current, etag, wanted = found
            if wanted.source == current and wanted.version is None:
                return current
            number = wanted.version or current.version + 1
            newer = wanted.source.after(current, number, current_timestamp(), wanted.appended)
            self._repository.replace_source(
                user, current.record, newer.record, etag, wanted.columns, wanted.unchanged
            )
            return newer

        with self._locks.acquire(user, source_id):
            return compare_and_swap(read, write, Unavailable(BUSY), ATTEMPTS)


def check_etag(source: Source, if_match: str | None) -> None:
    """Raise `PreconditionFailed` unless the source has this ETag; None for any."""
    if if_match is not None and source.etag != if_match:
        detail = f"The source has version {source.version} by now; read it again, and change it then."
        raise PreconditionFailed(detail, version=source.version)
