"""Live data sources: they change, by versions that can be read and restored.

Each change is one compare-and-swap of the source's record, after everything that it refers to is stored. So
a reader sees the source before the change or after it; a change that was overtaken is made again on top of
the other.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from cachetools import LRUCache

from bokeh_common.errors import Changed, Conflict, Invalid, NotFound, Unavailable
from bokeh_data.columns import Column, check_hash, parse_column, shown
from bokeh_data.columnstore import ColumnStore
from bokeh_data.records import Records
from bokeh_data.sources import ID, Source, Sources, now, summaries, written_id
from bokeh_data.values import Values, fitted, from_json
from bokeh_data.versions import Keep, Versions

ATTEMPTS = 100
MAX_VERSION = 999_999_999_999  # as many digits as in the keys of records
MAX_KEYS = 100  # of appends that a source remembers

Buffers = list[memoryview]


@dataclass(frozen=True)
class Rows:
    """Rows to be added.

    Attributes:
        columns: a list of values or an array in Bokeh's encoding for each column, or `Values` already.
        buffers: of the arrays.
        rollover: how many rows the source keeps; None for all.
        key: the name of this request; a source takes the same request once only.
    """

    columns: Mapping[str, Any]
    buffers: Buffers
    rollover: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Change:
    """What a source becomes.

    Attributes:
        source: it, but for version and time.
        columns: its columns.
        known: those of its old ones whose chunks are looked after already.
        version: the number of the new version; None for the next one.
    """

    source: Source
    columns: list[Column] = field(default_factory=list)
    known: list[Column] = field(default_factory=list)
    version: int | None = None


class LiveSources:
    """Makes and changes live sources, for one account at a time."""

    def __init__(self, records: Records, sources: Sources, versions: Versions) -> None:
        self._records = records
        self._sources = sources
        self._versions = versions
        self._store = ColumnStore(records)
        self._locks = _Locks()

    def create(self, user: str, body: Mapping[str, Any], buffers: Buffers) -> Source:
        """Make a live source.

        Args:
            user: the account.
            body: `name`, `columns` and maybe `keep`; `id` and `version` where one is made again that was.
            buffers: of a packed body.

        Raises:
            Conflict: there is a source of this id.
            Invalid: it is not well-formed, or names what is not stored.
        """
        name, columns = body.get("name"), body.get("columns")
        self._sources.limits.check(name, columns)
        source_id, number = _identity(body)
        policy = Keep.parse(body.get("keep")).record
        if self._records.find_source(user, source_id) is not None:
            raise Conflict(f"There is a data source {source_id} already.")
        made, at = self._commit(user, cast("dict[str, Any]", columns), buffers), now()
        first = Source(source_id, str(name), number, summaries(made), True, at, at, policy)
        if not self._records.add_source(user, first.id, first.record, list(made.values())):
            raise Conflict(f"There is a data source {source_id} already.")
        return first

    def replace(
        self, user: str, source_id: str, body: dict[str, Any], buffers: Buffers, expected: str | None
    ) -> Source:
        """Make a new version with the columns, the name and the policy of `body`, as far as it has them.

        Args:
            user: the account.
            source_id: the source.
            body: `name`, `columns` and `keep`; what it lacks stays. `version` for another number than the
                next one.
            buffers: of a packed body.
            expected: the tag of the version that it is meant for; None for any.

        Raises:
            Changed: the source is not as `expected`.
            Conflict: the source is frozen.
            Invalid: it is not well-formed, or names what is not stored.
        """
        known = self._live(user, source_id)[0]
        demand(known, expected)
        self._sources.limits.check(body.get("name", known.name), body.get("columns", {}))
        keep = Keep.parse(body["keep"]).record if "keep" in body else None
        number = _number(body["version"]) if "version" in body else None
        made = self._commit(user, body["columns"], buffers) if "columns" in body else None

        def change(current: Source) -> Change:
            demand(current, expected)
            if number is not None and number <= current.version:
                raise Invalid(f"'version' must be greater than {current.version}, which there is already.")
            changed = replace(
                current,
                name=body.get("name", current.name),
                columns=current.columns if made is None else summaries(made),
                keep=current.keep if keep is None else keep,
            )
            return Change(changed, [] if made is None else list(made.values()), version=number)

        return self._change(user, source_id, change)

    def demand(self, user: str, source_id: str, expected: str | None) -> None:
        """Raise unless there is a live source of this id, as `expected`; raises as `replace`."""
        demand(self._live(user, source_id)[0], expected)

    def append(self, user: str, source_id: str, rows: Rows, expected: str | None = None) -> Source:
        """Add rows; all of them, once.

        Raises:
            Changed: the source is not as `expected`.
            Conflict: the source is frozen.
            Invalid: the rows do not fit the columns.
        """
        _check_rows(rows)

        def change(current: Source) -> Change:
            if rows.key is not None and rows.key in current.appends:
                return Change(current)
            demand(current, expected)
            return self._longer(user, current, rows)

        return self._change(user, source_id, change)

    def rollback(self, user: str, source_id: str, version: int, expected: str | None = None) -> Source:
        """Make a new version with the columns of version `version`; `NotFound` when that is not kept."""

        def change(current: Source) -> Change:
            demand(current, expected)
            old = self._versions.at(user, current, version)
            return Change(
                replace(current, columns=old.columns), self._sources.columns(user, list(old.hashes.values()))
            )

        return self._change(user, source_id, change)

    def delete(self, user: str, source_id: str, expected: str | None = None) -> None:
        """Delete a source, also a frozen one; what nothing else refers to is an orphan then."""
        for _ in range(ATTEMPTS):
            current, etag = self._found(user, source_id)
            demand(current, expected)
            try:
                return self._records.delete_source(user, source_id, etag)
            except Conflict:
                continue  # it changed meanwhile: look again
        raise Unavailable("Others keep changing this source at this moment; try again.")

    def _commit(self, user: str, columns: dict[str, Any], buffers: Buffers) -> dict[str, Column]:
        made = {name: self._column(user, name, spec, buffers) for name, spec in columns.items()}
        return self._sources.commit_columns(user, made)

    def _column(self, user: str, name: str, spec: Any, buffers: Buffers) -> Column:
        if isinstance(spec, Column):
            return spec
        if isinstance(spec, Values):
            return self._store.make(user, spec)
        if isinstance(spec, dict) and spec.keys() == {"hash"}:
            found = self._records.find_column(user, check_hash(spec["hash"]))
            if found is None:
                detail = f"Column {shown(name)}: there is no column {spec['hash']}; send what it is made of."
                raise Invalid(detail, slug="missing-columns", missing=[spec["hash"]])
            return found
        if isinstance(spec, dict) and "chunks" in spec:
            return parse_column(name, spec, arrow=True)
        return self._store.make(user, from_json(name, spec, buffers))

    def _longer(self, user: str, current: Source, rows: Rows) -> Change:
        if rows.columns.keys() != current.columns.keys():
            raise Invalid(
                f"Send rows for each of the columns {', '.join(map(repr, current.columns))}, and no others."
            )
        hashes = list(current.hashes.values())
        columns = dict(zip(current.columns, self._sources.columns(user, hashes), strict=True))
        values = {name: self._fitted(name, rows, columns[name]) for name in columns}
        if len(lengths := {len(v) for v in values.values()}) > 1:
            raise Invalid(f"All columns must get the same number of rows, not {sorted(lengths)}.")
        longer = {n: self._store.append(user, c, values[n], rows.rollover) for n, c in columns.items()}
        for column in longer.values():
            self._records.put_column(user, column)
        appends = _noted(current.appends, rows.key, current.version + 1)
        changed = replace(current, columns=summaries(longer), appends=appends)
        return Change(changed, list(longer.values()), list(columns.values()))

    def _fitted(self, name: str, rows: Rows, column: Column) -> Values:
        given, like = rows.columns[name], self._store.like(column)
        if not isinstance(given, Values):
            return from_json(name, given, rows.buffers, like)
        try:
            return fitted(given, like)
        except Invalid as error:
            raise Invalid(f"Column {shown(name)}: {error}") from None

    def _found(self, user: str, source_id: str) -> tuple[Source, str]:
        found = self._records.read_source(user, source_id) if ID.fullmatch(source_id) else None
        if found is None:
            raise NotFound(f"There is no data source {shown(source_id)}.")
        return Source.of(found[0]), found[1]

    def _live(self, user: str, source_id: str) -> tuple[Source, str]:
        source, etag = self._found(user, source_id)
        if not source.live:
            raise Conflict(
                "This source is frozen: its id stands for its columns. Make one with 'live': true."
            )
        return source, etag

    def _change(self, user: str, source_id: str, change: Callable[[Source], Change]) -> Source:
        with self._locks.of(user, source_id):
            for attempt in range(ATTEMPTS):
                current, etag = self._live(user, source_id)
                wanted = change(current)
                if wanted.source == current and wanted.version is None:
                    return current
                number = wanted.version or current.version + 1
                newer = replace(wanted.source, version=number, modified=now())
                try:
                    self._records.replace_source(
                        user, current.record, newer.record, etag, wanted.columns, wanted.known
                    )
                except Conflict:  # another process was faster: look again, after a while that differs
                    time.sleep(random.uniform(0, min(0.2, 0.005 * 2**attempt)))  # noqa: S311  # no secret
                    continue
                self._versions.after_commit(user, newer)
                return newer
        raise Unavailable("Others keep changing this source at this moment; try again.")


def demand(source: Source, expected: str | None) -> None:
    """Raise `Changed` unless the source is as `expected`."""
    if expected is not None and source.tag != expected:
        raise Changed(
            f"The source is at version {source.version} by now; read it again, and change it then.",
            version=source.version,
        )


def _identity(body: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id and the number of the first version of a new source."""
    given = body.get("id", written_id(secrets.token_bytes(16)))
    if not isinstance(given, str) or not ID.fullmatch(given):
        raise Invalid("'id' must be written like the id of a data source: 26 of a-z and 2-7.")
    return given, _number(body.get("version", 1))


def _number(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_VERSION:
        raise Invalid(f"'version' must be a whole number from 1 to {MAX_VERSION}.")
    return value


def _check_rows(rows: Rows) -> None:
    if not isinstance(rows.columns, Mapping):
        raise Invalid("'rows' must be an object with a list of values for each column.")
    if rows.rollover is not None and (type(rows.rollover) is not int or rows.rollover < 1):
        raise Invalid("'rollover' must be a number of rows, from 1.")


def _noted(appends: dict[str, int], key: str | None, version: int) -> dict[str, int]:
    return appends if key is None else {**dict(list(appends.items())[1 - MAX_KEYS :]), key: version}


class _Locks:
    """A lock for each source, so that the threads of a process do not make each other try again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: LRUCache[tuple[str, str], threading.Lock] = LRUCache(10_000)

    @contextmanager
    def of(self, user: str, source_id: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault((user, source_id), threading.Lock())
        with lock:
            yield
