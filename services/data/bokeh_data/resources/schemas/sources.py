"""Schemas of data sources."""

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bokeh_common.http.responses import PageQuery
from bokeh_data.resources.schemas.columns import ColumnSummary
from bokeh_data.resources.schemas.common import Count, SourceId, SourceName, Time, Version

MAX_VERSION = 999_999_999_999  # as many digits as in the keys of records

NewVersion = Annotated[
    int,
    Meta(
        ge=1, le=MAX_VERSION, description="Number of the version, to copy a source together with its history."
    ),
]


class KeptVersions(msgspec.Struct, forbid_unknown_fields=True):
    """The old versions that are kept besides those that plots show: the newest, none older than `days`."""

    versions: Annotated[int, Meta(ge=1, le=10_000)] = 100
    days: Annotated[int, Meta(ge=0, le=36_500)] | Annotated[float, Meta(ge=0, le=36_500)] | None = None


class SourceSummary(TypedDict):
    """A data source."""

    id: SourceId
    name: str
    live: bool
    version: Version
    created: Time
    modified: Time
    columns: dict[str, ColumnSummary]
    keep: NotRequired[KeptVersions]
    notes: NotRequired[Annotated[list[str], Meta(description="What was detected in a file.")]]


class PreviewOfFile(TypedDict):
    """What a file would become: the number of its rows, types of its columns, and the first rows as text.

    `delimiter` and `encoding` are those of a CSV file; null for other formats.
    """

    rows: Count
    types: dict[str, str]
    notes: list[str]
    first: list[list[str | None]]
    delimiter: str | None
    encoding: str | None


class SourceListQuery(PageQuery):
    """The data sources to list."""

    name: Annotated[
        Annotated[str, Meta(max_length=1000)] | None,
        Meta(description="Only data sources of this name, of which there may be several."),
    ] = None


class SourcePage(TypedDict):
    """Data sources in the order of their ids."""

    sources: list[SourceSummary]


class NewSource(msgspec.Struct):
    """A data source to be created. Columns of a frozen one are chunks, those of a live one also values."""

    name: SourceName
    columns: dict[str, Any]
    live: bool = False
    keep: KeptVersions | None = None
    id: SourceId | UnsetType = UNSET
    version: NewVersion | UnsetType = UNSET


class NewSourceVersion(msgspec.Struct):
    """What is new in a version. What is left out stays. `version` must be greater than the newest."""

    name: SourceName | UnsetType = UNSET
    columns: dict[str, Any] | UnsetType = UNSET
    keep: KeptVersions | UnsetType | None = UNSET
    version: NewVersion | UnsetType = UNSET


TypeOfColumn = Annotated[str, Meta(max_length=20_000)]


class FileQuery(msgspec.Struct):
    """What is said about a file that becomes a data source; other bodies have their own members."""

    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1000)] | None,
        Meta(description="The name of the data source of a file; required for a new one."),
    ] = None
    type: Annotated[
        TypeOfColumn | list[TypeOfColumn],
        Meta(
            description="The type of a column of a file, `NAME=TYPE`; can be repeated. Types are `text`, "
            "`integer`, `float`, `boolean`, `date`, `time` and `utc`.",
            examples=["zip=text"],
        ),
    ] = ()  # type: ignore[assignment]  # the default of a struct must not be mutable
    update: Annotated[bool, Meta(description="Keep the columns of the source that a file lacks.")] = False
    rollover: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="How many rows at the end the source keeps, if rows of a file are appended."),
    ] = None

    @property
    def types(self) -> list[str]:
        """The types that are given."""
        return [self.type] if isinstance(self.type, str) else list(self.type)


class NewRows(msgspec.Struct):
    """Rows: for each column a list of values, or an array in a packed body."""

    rows: dict[str, Any]
    rollover: Annotated[int, Meta(ge=1, description="How many rows at the end the source keeps.")] | None = (
        None
    )


class SourceDeletionQuery(msgspec.Struct):
    """Whether to delete a data source that plots use."""

    force: Annotated[bool, Meta(description="Delete it even if plots use it.")] = False


class SourceRollbackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The version whose columns become current again."""

    version: Version


class SourceVersion(TypedDict):
    """A version; `rows` of its longest column, `size` in bytes of all columns."""

    version: int
    modified: Time
    rows: Count
    size: Count


class SourceVersions(TypedDict):
    """Versions, oldest first."""

    versions: list[SourceVersion]


NEW_SOURCE_EXAMPLE = {
    "name": "temperatures",
    "live": True,
    "columns": {"hour": [0, 1, 2], "celsius": {"values": [20.5, 21.0, None], "dtype": "float32"}},
}

NEW_SOURCE_DETAILS = """
The body may be a file: an Arrow IPC stream or file, Parquet, CSV with a line of names, JSON lines, or the
first sheet of an Excel workbook. Its columns become those of a live source (`?name=`), or of a new version.
Types are those of the file, or given (`?type=zip=text`). Those of CSV columns are inferred from all of their
values; a value that a number would not give back, such as `00501`, is text. `notes` of the response says what
was detected: delimiter, encoding, decimal commas. Missing numbers are NaN.

Otherwise a column is one of:

* `{"dtype", "shape", "chunks": [{"hash", "size"}, ...]}`: chunks that have been uploaded, as in
  `GET /{user}/data/columns/{column}?form=manifest`; Arrow chunks in live sources only;
* `{"hash"}`: a column that exists already (live sources);
* a list of values, or `{"values": [...], "dtype"}` (live sources); times are integer numbers of their unit or
  ISO 8601, null is NaN in a column of floats;
* `{"type": "ndarray", "array": {"type": "bytes", "data": {"id": n}}, "dtype", "shape", "order": "little"}`:
  buffer n of a packed body (live sources).
"""

NEW_ROWS_DETAILS = """
Each column of the source gets the same number of rows. Values are written as for a new source, and have to
fit the column's dtype. The body may be a file, too, whose types are then those of the source.
A request with an `Idempotency-Key` is not repeated if the key is among the last hundred of the source. A
program that appends many times sends `writer/{id}/{number}`: an id of its own, 16 to 32 random characters of
`a-z0-9`, and the number of the request, counted from 1. The source keeps the last number of each of its last
256 writers, and does not append rows with that number, or a smaller one, again.
"""
