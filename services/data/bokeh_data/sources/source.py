"""A data source: its id, name, version and columns."""

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bokeh_common.errors import NotFound
from bokeh_data.columns.browser_encoding import column_summary
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.names import abbreviate

#: The id of a source: 128 bits in base 32 (RFC 4648).
SOURCE_ID = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True)
class Source:
    """A data source. Its attributes are the members of the stored record.

    Attributes:
        id: see `SOURCE_ID`.
        name: the name that users see.
        version: always 1 for a frozen source; counted for a live one.
        columns: summaries of the columns, by name.
        live: whether the source can be changed.
        created: RFC 3339; empty in records of the first versions of this service.
        modified: when this version was committed.
        keep: which old versions are kept, see `RetentionPolicy`.
        appends: the idempotency keys of the last appends, and the versions that these made.
        writers: the ids of the last writers, and the numbers of their last batches; see `idempotency`.
        lineage: the version since which rows were only appended, and dropped at the beginning; 0 in records
            of earlier releases.
        end: how many rows the versions of the lineage have had so far, also those that were dropped.
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
    writers: dict[str, int] = field(default_factory=dict)
    lineage: int = 0
    end: int = 0

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Source":
        """Create a source from a stored record, which may lack members that were added later."""
        return cls(**{key: value for key, value in record.items() if key in cls.__dataclass_fields__})

    @property
    def record(self) -> dict[str, Any]:
        """The stored record."""
        return asdict(self)

    @property
    def summary(self) -> dict[str, Any]:
        """The summary in the API."""
        names = ("id", "name", "live", "version", "created", "modified", "columns")
        public = {name: getattr(self, name) for name in names}
        return {**public, "keep": self.keep} if self.live else public

    @property
    def etag(self) -> str:
        """The ETag, without quotation marks."""
        return f"{self.id}.{self.version}"

    @property
    def rows(self) -> int:
        """The number of rows."""
        return max((column["length"] for column in self.columns.values()), default=0)

    @property
    def position(self) -> list[int]:
        """What tells how two versions differ: version, lineage, end and number of rows."""
        return [self.version, self.lineage, self.end, self.rows]

    def after(self, current: "Source | None", version: int, modified: str, appended: int | None) -> "Source":
        """Return the source as it is committed.

        Args:
            current: the version that it replaces; None if it is new.
            version: its number.
            modified: when it is committed.
            appended: how many rows were appended to those of `current`; None if columns were replaced.
        """
        lineage, end = version, self.rows
        if current is not None and self.columns == current.columns:
            lineage, end = current.lineage, current.end
        elif current is not None and current.lineage and appended is not None:
            lineage, end = current.lineage, current.end + appended
        return replace(self, version=version, modified=modified, lineage=lineage, end=end)

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes of the columns, by name."""
        return {name: column["hash"] for name, column in self.columns.items()}


def encode_source_id(data: bytes) -> str:
    """Return 128 bits as the id of a source."""
    return base64.b32encode(data).decode().rstrip("=").lower()


def is_source_id(value: str) -> bool:
    """Tell whether a string is written like the id of a source."""
    return SOURCE_ID.fullmatch(value) is not None


def column_summaries(columns: Mapping[str, Column]) -> dict[str, dict[str, Any]]:
    """Return the `columns` of a source."""
    return {name: column_summary(column) for name, column in columns.items()}


def no_such_source(source_id: str) -> NotFound:
    """Return the error for a source that does not exist."""
    return NotFound(f"There is no data source {abbreviate(source_id)}.")
