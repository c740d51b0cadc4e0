"""Data sources: named sets of columns, and the chunks that they are made of.

The data source of a published figure is *frozen*: its id is derived from its columns, so the same columns are
the same source, however often and in however many plots they are published. What changes is in `live`.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from blake3 import blake3

from bokeh_common.errors import Invalid, NotFound
from bokeh_data.columns import Column, check_hash, parse_column, shown
from bokeh_data.columnstore import ColumnStore
from bokeh_data.limits import SOURCE_LIMITS, SourceLimits
from bokeh_data.records import Records
from bokeh_data.shown import summary

#: How the id of a source is written: 128 bits in base 32 (RFC 4648).
ID = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True)
class Source:
    """A data source.

    Attributes:
        id: see `ID`.
        name: for people.
        version: 1 for ever when frozen, otherwise counted.
        columns: summaries by name.
        live: whether it changes.
        created: when, in RFC 3339; empty where nobody noted it.
        modified: when this version was committed.
        keep: which old versions are kept, see `live.Keep`.
        appends: for the newest requests that named themselves: their keys and the versions that they made.
    """

    id: str
    name: str
    version: int
    columns: dict[str, dict[str, Any]]
    live: bool = False
    created: str = ""
    modified: str = ""
    keep: dict[str, Any] = field(default_factory=dict)
    appends: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Source":
        """Make one of what is stored, also by versions of this service that knew less."""
        return cls(**{key: value for key, value in record.items() if key in cls.__dataclass_fields__})

    @property
    def record(self) -> dict[str, Any]:
        """What is stored."""
        return asdict(self)

    @property
    def summary(self) -> dict[str, Any]:
        """What the API shows."""
        names = ("id", "name", "live", "version", "created", "modified", "columns")
        public = {name: getattr(self, name) for name in names}
        return {**public, "keep": self.keep} if self.live else public

    @property
    def tag(self) -> str:
        """The ETag, without quotes."""
        return f"{self.id}.{self.version}"

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes of the columns, by name."""
        return {name: column["hash"] for name, column in self.columns.items()}


class Sources:
    """What the data service does, for one account at a time."""

    def __init__(self, records: Records, limits: SourceLimits = SOURCE_LIMITS) -> None:
        self._records = records
        self.limits = limits
        self._store = ColumnStore(records)

    def missing_chunks(self, user: str, hashes: Any) -> list[str]:
        """Return those of `hashes` that have to be uploaded, in order.

        The others are touched: who is told that a chunk is there may rely on it for the time of a commit.
        """
        return [h for h in _hashes(hashes) if not self._records.touch_chunk(user, h)]

    def store_chunk(self, user: str, chunk_hash: str, blocks: Iterable[bytes]) -> bool:
        """Store a chunk as its bytes come in; False when it was there.

        Raises:
            Invalid: the bytes do not hash to `chunk_hash`; nothing is stored.
        """
        check_hash(chunk_hash)
        if self._records.touch_chunk(user, chunk_hash):
            return False
        self._records.put_chunk(user, chunk_hash, _verified(blocks, chunk_hash))
        return True

    def chunk(self, user: str, chunk_hash: str) -> tuple[Iterator[bytes], int]:
        """Return the bytes of a chunk that the account has sent, in blocks, and how many; `NotFound`."""
        size = self._records.chunk_size(user, check_hash(chunk_hash))
        if size is None:
            raise NotFound("This account has sent no such chunk.")
        return self._records.chunk(chunk_hash), size

    def create(self, user: str, name: Any, columns: Any) -> tuple[Source, bool]:
        """Commit a frozen data source; False as second when it was there.

        Args:
            user: the account.
            name: for people; a source keeps the first one that it was given.
            columns: by name: dtype, shape and chunks, as `columns.parse_column` takes them.

        Raises:
            Invalid: it is not well-formed, or names chunks that are not stored (member `missing`).
            TooLarge: these are very many columns.
        """
        self.limits.check(name, columns)
        parsed = {key: parse_column(key, spec) for key, spec in columns.items()}
        return self.freeze(user, name, parsed)

    def freeze(self, user: str, name: str, columns: dict[str, Column]) -> tuple[Source, bool]:
        """Commit a frozen data source of these columns; as `create`."""
        source_id = _frozen_id(columns)
        if (known := self._records.find_source(user, source_id)) is not None:
            self._records.renew_source(user, source_id)
            return Source.of(known), False
        completed = self.commit_columns(user, columns)
        time = now()
        source = Source(source_id, name, 1, summaries(completed), created=time, modified=time)
        return source, self._records.add_source(user, source.id, source.record, list(completed.values()))

    def commit_columns(self, user: str, columns: dict[str, Column]) -> dict[str, Column]:
        """Store manifests whose chunks are there, and return the columns; raises as `create`."""
        self._demand_chunks(user, columns.values())
        completed = {name: self._store.complete(column) for name, column in columns.items()}
        for column in completed.values():
            self._records.put_column(user, column)
        return completed

    def get(self, user: str, source_id: str) -> Source:
        """Return one source; `NotFound`."""
        found = self._records.find_source(user, source_id) if ID.fullmatch(source_id) else None
        if found is None:
            raise NotFound(f"There is no data source {shown(source_id)}.")
        return Source.of(found)

    def page(self, user: str, after: str, limit: int) -> list[Source]:
        """Return the sources whose id is greater than `after`, ordered by id."""
        return [Source.of(value) for value in self._records.sources(user, after, limit)]

    def hold(self, user: str, sources: list[str], columns: list[str]) -> None:
        """Keep sources and columns from being collected, for a plot that has just referred to them.

        A frozen source keeps its columns; those of others are kept one by one.

        Raises:
            Invalid: some are gone (`missing-source`, `missing-columns`).
        """
        safe: set[str] = set()
        for source_id in sources:
            found = self._records.hold_source(user, source_id)
            if found is None:
                detail = f"There is no data source {source_id!r}; commit it before the plot that uses it."
                raise Invalid(detail, slug="missing-source")
            if not found.get("live"):
                safe.update(column["hash"] for column in found["columns"].values())
        if missing := [c for c in columns if c not in safe and not self._records.hold_column(user, c)]:
            raise Invalid(
                "Some columns are gone; publish the figure again.", slug="missing-columns", missing=missing
            )

    def columns(self, user: str, hashes: Any) -> list[Column]:
        """Return the columns of those names; `NotFound` names (member `missing`) those that are not there."""
        found = {h: self._records.find_column(user, h) for h in _hashes(hashes)}
        missing = [h for h, column in found.items() if column is None]
        if missing:
            raise NotFound("Some columns are not there; publish the figure again.", missing=missing)
        return [column for h in hashes if (column := found[h])]

    def read(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes of all values as browsers take them, in blocks."""
        return self._store.shown(column)

    def read_stored(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes of all values as they are stored."""
        return self._store.stored(column)

    def _demand_chunks(self, user: str, columns: Iterable[Column]) -> None:
        chunks = dict.fromkeys(chunk for column in columns for chunk in column.chunks)
        stored = {chunk.hash: self._records.chunk_size(user, chunk.hash) for chunk in chunks}
        if missing := [h for h, size in stored.items() if size is None]:
            detail = f"{len(missing)} chunks are not stored; upload those of 'missing' and commit again."
            raise Invalid(detail, slug="missing-chunks", missing=missing)
        if wrong := [chunk for chunk in chunks if chunk.size != stored[chunk.hash]]:
            raise Invalid(f"Chunk {wrong[0].hash} has {stored[wrong[0].hash]} bytes, not {wrong[0].size}.")


def summaries(columns: Mapping[str, Column]) -> dict[str, dict[str, Any]]:
    """Return what a source's record says of its columns."""
    return {name: summary(column) for name, column in columns.items()}


def now() -> str:
    """Return the time in RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _hashes(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Invalid("Send a list of hashes.")
    return [check_hash(item) for item in value]


def _frozen_id(columns: dict[str, Column]) -> str:
    content = json.dumps({name: column.hash for name, column in columns.items()}, sort_keys=True)
    return written_id(blake3(content.encode()).digest(length=16))


def written_id(data: bytes) -> str:
    """Return 128 bits as the id of a source."""
    return base64.b32encode(data).decode().rstrip("=").lower()


def _verified(blocks: Iterable[bytes], expected: str) -> Iterator[bytes]:
    hasher = blake3()
    for block in blocks:
        hasher.update(block)
        yield block
    found = hasher.hexdigest()
    if found != expected:
        detail = (
            f"The bytes hash to {found}, not to {expected}; they were cut short or changed. Send them again."
        )
        raise Invalid(detail, slug="hash-mismatch")
