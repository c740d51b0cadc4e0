"""Schemas of chunks and columns."""

from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from bokeh_data.resources.schemas.common import Count, Hash

Dtype = Annotated[
    str,
    Meta(
        description="`bool`, `int8` ... `complex128`, `datetime64[unit]`, `datetime64[unit, zone]`, "
        "`timedelta64[unit]`, `packed` or `arrow[type]`.",
        examples=["float64", "datetime64[ms]", "arrow[string]"],
    ),
]


class ChunkHashes(msgspec.Struct):
    """Hashes of chunks, at most 10000."""

    chunks: list[Hash]
    sizes: Annotated[
        list[Count] | None,
        Meta(
            description="The bytes of each chunk. With them, chunks that would exceed the quota are refused "
            "before they are sent."
        ),
    ] = None


class MissingChunks(TypedDict):
    """Chunks that have to be uploaded, in the order of the request."""

    missing: list[Hash]


class ColumnHashes(msgspec.Struct):
    """Hashes of columns, at most 1000."""

    columns: list[Hash]


class ColumnQuery(msgspec.Struct):
    """The form in which a column is sent."""

    form: Annotated[
        Literal["shown", "stored", "manifest"],
        Meta(
            description="What BokehJS takes; the bytes that were stored (not for `arrow[...]`); or as JSON "
            "dtype, shape and chunks, from which the column can be created again."
        ),
    ] = "shown"


class BrowserColumn(TypedDict):
    """What browsers get, if it differs from the stored bytes."""

    dtype: Dtype
    shape: list[Count]
    size: Count


class ColumnSummary(TypedDict):
    """A column; `size` is the number of its stored bytes, uncompressed.

    `type` is that of times which a published figure draws as milliseconds; rows are read in this type.
    """

    dtype: Dtype
    shape: list[Count]
    length: Count
    size: Count
    hash: Hash
    shown: NotRequired[BrowserColumn]
    type: NotRequired[Dtype]
