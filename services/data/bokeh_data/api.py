"""What the routes of this service take and answer, as types: they are the description."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.operations import Api, Problem
from bokeh_data.sources import Source

A_HASH = "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"

HASH = "[0-9a-f]{64}"
Hash = Annotated[str, Meta(pattern=f"^{HASH}$", description="BLAKE3-256.", examples=[A_HASH])]
SourceId = Annotated[str, Meta(pattern="^[a-z2-7]{26}$", examples=["mfrggzdfmztwq2lknnwg23tpob"])]
UserId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]
Count = Annotated[int, Meta(ge=0)]
Dtype = Annotated[
    str,
    Meta(
        description="`bool`, `int8` ... `complex128`, `datetime64[unit]`, `datetime64[unit, zone]`, "
        "`timedelta64[unit]`, `packed` or `arrow[type]`.",
        examples=["float64", "datetime64[ms]", "arrow[string]"],
    ),
]
Time = Annotated[str, Meta(description="RFC 3339, in UTC; empty where nobody noted it.")]


class Chunks(TypedDict):
    """Hashes of chunks, at most 10000."""

    chunks: list[Hash]


class Missing(TypedDict):
    """Those that have to be uploaded, in the order in which they were asked for."""

    missing: list[Hash]


class Hashes(TypedDict):
    """Hashes of columns, at most 1000."""

    columns: list[Hash]


class InForm(msgspec.Struct):
    """In which form a column is sent."""

    form: Annotated[
        Literal["shown", "stored", "manifest"],
        Meta(
            description="What BokehJS takes; the bytes that were stored (not for `arrow[...]`); or as JSON "
            "dtype, shape and chunks, of which the column can be made again."
        ),
    ] = "shown"


class Shown(TypedDict):
    """What browsers get where they do not get the stored bytes."""

    dtype: Dtype
    shape: list[Count]
    size: Count


class ColumnSummary(TypedDict):
    """A column; `size` is its bytes as stored, uncompressed."""

    dtype: Dtype
    shape: list[Count]
    length: Count
    size: Count
    hash: Hash
    shown: NotRequired[Shown]


Number = Annotated[
    int,
    Meta(ge=1, le=999_999_999_999, description="Of the version, for who copies a source with its history."),
]


class KeepVersions(TypedDict, total=False):
    """Which old versions are kept besides those that plots show: the newest, none older than `days`."""

    versions: Annotated[int, Meta(ge=1, le=10_000)]
    days: Annotated[float, Meta(ge=0, le=36_500)] | None


class SourceSummary(TypedDict):
    """A data source."""

    id: SourceId
    name: str
    live: bool
    version: Annotated[int, Meta(ge=1)]
    created: Time
    modified: Time
    columns: dict[str, ColumnSummary]
    keep: NotRequired[KeepVersions]


class SourcePage(TypedDict):
    """Data sources in the order of their ids."""

    sources: list[SourceSummary]


class NewSource(TypedDict):
    """A data source to be made; frozen columns are made of chunks, live ones also of values."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    columns: dict[str, Any]
    live: NotRequired[bool]
    keep: NotRequired[KeepVersions | None]
    id: NotRequired[SourceId]
    version: NotRequired[Number]


class NewSourceVersion(TypedDict, total=False):
    """What is other in the new version; what is left out stays. `version` is greater than the newest."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    columns: dict[str, Any]
    keep: KeepVersions
    version: Number


class NewFile(msgspec.Struct):
    """What is said beside a file that becomes a data source; other bodies say it themselves."""

    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1000)] | None,
        Meta(description="Of a file: how its data source is called; must be there for a new one."),
    ] = None


class AddedRows(TypedDict):
    """Rows: for each column a list of values, or an array in a packed body."""

    rows: dict[str, Any]
    rollover: NotRequired[Annotated[int, Meta(ge=1, description="Keep the last so many rows.")] | None]


class Forced(msgspec.Struct):
    """Whether to delete what plots use."""

    force: Annotated[bool, Meta(description="Delete it although plots use it.")] = False


class GoBackTo(msgspec.Struct, forbid_unknown_fields=True):
    """The version whose columns are wanted again."""

    version: Annotated[int, Meta(ge=1)]


class SourceVersion(TypedDict):
    """A version; `rows` of its longest column, `size` in bytes of all."""

    version: int
    modified: Time
    rows: Count
    size: Count


class SourceVersions(TypedDict):
    """Versions, oldest first."""

    versions: list[SourceVersion]


def version_summary(source: Source) -> dict[str, Any]:
    """Return what the list of versions shows."""
    columns = source.columns.values()
    return {
        "version": source.version,
        "modified": source.modified,
        "rows": max((column["length"] for column in columns), default=0),
        "size": sum(column["size"] for column in columns),
    }


NEW_SOURCE_EXAMPLE = {
    "name": "temperatures",
    "live": True,
    "columns": {"hour": [0, 1, 2], "celsius": {"values": [20.5, 21.0, None], "dtype": "float32"}},
}

MAKING = """
The body may be a file: an Arrow IPC stream or file, Parquet, or CSV in UTF-8 with commas and a line of names.
Its columns become those of a live source (`?name=`), or of a new version. Types stay what they are in the
file; those of CSV are found out from all of it. Nulls of floats are NaN in CSV, and where pandas wrote the
file.

Otherwise a column is one of:

* `{"dtype", "shape", "chunks": [{"hash", "size"}, ...]}`: chunks that were uploaded before, as of
  `GET /{user}/data/columns/{column}?form=manifest`; those of Arrow only in live sources;
* `{"hash"}`: a column that is there already (live sources);
* a list of values, or `{"values": [...], "dtype"}` (live sources); times are whole numbers of their unit or
  ISO 8601, null is NaN in a column of floats;
* `{"type": "ndarray", "array": {"type": "bytes", "data": {"id": n}}, "dtype", "shape", "order": "little"}`:
  buffer n of a packed body (live sources).
"""

APPENDING = """
Each column of the source gets as many rows. Values are written as for a new source, and have to fit the
column's dtype.
A request with an `Idempotency-Key` that the source took among its last hundred is not done again.
"""

API = Api(
    "data",
    paths={"user": UserId, "source": SourceId, "chunk": Hash, "column": Hash},
    problems=(
        Problem(
            "hash-mismatch",
            422,
            "The bytes are not those that were announced",
            "The hash of the bytes that arrived is another one than in the address.",
            "Send them again. When it stays, compare with BLAKE3-256 of the bytes as they are, uncompressed.",
        ),
        Problem(
            "missing-chunks",
            422,
            "Chunks are missing",
            "A column refers to chunks that this account has not uploaded, or that are gone.",
            "Upload those that 'missing' lists, and send the request again.",
        ),
        Problem(
            "not-packed",
            422,
            "Not the packed format",
            "The body calls itself packed, and is not written so.",
            "See ARCHITECTURE.md, Formats: a length, a JSON header, buffers.",
        ),
        Problem(
            "unreadable-file",
            422,
            "The file cannot be read",
            "The body is not the kind of file that its Content-Type says, or it is damaged.",
            "'detail' says what is wrong. Compare the Content-Type; write the file anew, and send it again.",
        ),
        Problem(
            "source-in-use",
            409,
            "Plots use this source",
            "Deleting the data source would break the plots that 'plots' lists.",
            "Delete those plots first, or send '?force=true'.",
        ),
    ),
)
