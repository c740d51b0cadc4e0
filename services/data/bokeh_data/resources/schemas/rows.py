"""Schemas of rows and windows."""

from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.hashing import HASH_PATTERN
from bokeh_common.http.responses import VersionQuery
from bokeh_data.resources.schemas.columns import Dtype
from bokeh_data.resources.schemas.common import A_HASH, Count, Hash, SourceId, Time, Version
from bokeh_data.resources.schemas.sources import KeptVersions

#: Columns of one window by hash; their hashes have to fit into the request line.
MAX_WINDOW_COLUMNS = 50

#: The longest value of a parameter: a request line has at most 64 KiB.
Text = Annotated[str, Meta(max_length=60_000)]
Word = Annotated[str, Meta(max_length=100)]

ColumnNames = Annotated[
    Text | list[Text] | None,
    Meta(
        description="Names separated by commas; or the parameter several times. A name with a comma is in "
        "double quotes."
    ),
]
WindowEnd = Annotated[
    Word | None,
    Meta(
        description="A number in the units of x; for times also ISO 8601 (in the time zone of x if it has no "
        "offset), or milliseconds as in `5.5ms`. The first or the last x if it is left out."
    ),
]
Pixels = Annotated[int, Meta(ge=1, le=16_384, description="Of a window: the width of the plot.")]
Method = Annotated[
    Literal["minmax", "m4", "minmaxlttb"],
    Meta(
        description="Of a window with more rows than the response may have: minimum and maximum of y for "
        "each pixel; these and the first and the last row; or as many rows as pixels, chosen by their shape."
    ),
]
Around = Annotated[bool, Meta(description="Of a window: with the row before it, and the one after it.")]


class RowsQuery(VersionQuery):
    """Which rows of which version; the summary if there is no parameter but the version."""

    full: Annotated[
        Annotated[str, Meta(max_length=100)] | None, Meta(description="All rows of all columns.")
    ] = None
    columns: ColumnNames = None
    rows: Annotated[
        Word | None,
        Meta(description="`from:to` or `from:to:step`, counted from 0, without `to`.", examples=["0:100"]),
    ] = None
    where: Annotated[
        Text | list[Text],
        Meta(
            description="A condition that rows have to meet; several times for several conditions.",
            examples=["y >= 2", "y >= 2 and not \"lab\" in ('A', 'B')"],
        ),
    ] = ()  # type: ignore[assignment]  # the default of a struct must not be mutable
    limit: Annotated[Count | None, Meta(description="The maximum number of rows.")] = None
    x: Annotated[
        Text | None, Meta(description="Of a window: an ascending column; the row number if it is left out.")
    ] = None
    y: Annotated[Text | list[Text] | None, Meta(description="Of a window: names of columns.")] = None
    begin: WindowEnd = msgspec.field(default=None, name="from")
    end: WindowEnd = msgspec.field(default=None, name="to")
    pixels: Pixels = 1000
    method: Method = "minmax"
    around: Around = False

    @property
    def is_window(self) -> bool:
        """Whether a window is requested."""
        return any(value is not None for value in (self.x, self.y, self.begin, self.end))

    @property
    def is_rows(self) -> bool:
        """Whether rows or a window are requested."""
        given = (self.full, self.columns, self.rows, self.limit)
        return self.is_window or bool(self.where) or any(value is not None for value in given)


BrowserEnd = Annotated[
    float | None,
    Meta(description="As BokehJS has it, milliseconds for times; the first or the last x if it is left out."),
]


class ColumnWindowQuery(msgspec.Struct):
    """A window of columns by their hashes."""

    x: Hash
    y: Annotated[
        str,
        Meta(
            pattern=f"^{HASH_PATTERN}(,{HASH_PATTERN})*$",
            max_length=MAX_WINDOW_COLUMNS * len(f"{A_HASH},") - 1,
            description=f"Hashes of columns separated by commas, at most {MAX_WINDOW_COLUMNS}.",
            examples=[A_HASH],
        ),
    ]
    begin: BrowserEnd = msgspec.field(default=None, name="from")
    end: BrowserEnd = msgspec.field(default=None, name="to")
    pixels: Pixels = 1000
    method: Method = "m4"
    around: Around = False


class SummaryOrRows(TypedDict, total=False):
    """A summary as of `POST`; or rows: their number, their kind, and a list for each column.

    In these, null is NaN, NaT or None, and times are ISO 8601.
    """

    id: SourceId
    name: str
    live: bool
    version: Version
    created: Time
    modified: Time
    keep: KeptVersions
    kind: Annotated[str, Meta(description="`rows`; of a window `exact`, `reduced` or `sampled`.")]
    rows: Count
    types: Annotated[dict[str, Dtype], Meta(description="The dtypes of rows.")]
    columns: dict[str, Any]


#: `{extensions}` are the extensions of the output formats.
ROWS_DETAILS = """
Without parameters the response is a summary. With `columns`, `rows`, `where`, `limit` or `full` it consists
of rows, and with `y` it is a window: what a plot so many `pixels` wide can show of columns, exactly, in a
time that does not depend on their length. Rows have the output format that `Accept` prefers, or that the
extension of the URL names: {extensions} (as in `/{{user}}/data/{{source}}.csv`). In packed rows
(docs/formats.md), 64-bit integers are float64, and times milliseconds. `Bokeh-Cloud-Rows` says what a window
is: `exact` (all of its rows), `reduced`, or `sampled`, if x does not ascend.

A condition is `name = value`, with `=` (or `==`), `!=` (or `<>`), `<`, `<=`, `>` or `>=`; `name between a
and b`; `name in (a, b)`; `name like 'a%'`, where `%` stands for any characters and `_` for one;
`name contains a`; `name is null` or `name is not null`. `not`, `and`, `or` and parentheses combine
conditions as in SQL. Nulls (NaN, NaT) meet no condition but `is null`. Strings that contain commas, operators
or such words must be in single quotes, names in double quotes (in `columns` and `y`, too); within quotes, a
quotation mark is written twice. Times without an offset from UTC are those of the column's time zone. In CSV,
strings that a spreadsheet would take for a formula have an apostrophe before them.

With a share link or a view token, the source has those columns only that its plot draws.
"""

COLUMN_WINDOW_DETAILS = """
What a page requests when its user zooms. The URL names columns by their hashes, so a response stays valid for
ever. It consists of packed rows (docs/formats.md) whose columns have their hashes as names; 64-bit integers
are float64, times milliseconds, and so are `from` and `to`. `kind` says what the rows are, as
`Bokeh-Cloud-Rows` does: `exact`, `reduced` or `sampled`.
"""
