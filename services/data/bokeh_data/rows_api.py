"""What may be asked of rows and of windows, as types: they are the description."""

from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.replies import AtVersion
from bokeh_data.api import A_HASH, HASH, Count, Hash, KeepVersions, SourceId, Time

#: Columns of one window by hash; their hashes have to fit into the line of a request.
MAX_WINDOW_COLUMNS = 50

Columns = Annotated[
    str | list[str] | None,
    Meta(description="Names with commas between them; or the parameter several times."),
]
End = Annotated[
    str | None,
    Meta(
        description="A number in the units of x; for times also ISO 8601, or milliseconds as in `5.5ms`. "
        "The first or the last x when left out."
    ),
]
Pixels = Annotated[int, Meta(ge=1, le=16_384, description="Of a window: how wide it is shown.")]
Method = Annotated[
    Literal["minmax", "m4", "minmaxlttb"],
    Meta(
        description="Of a window with more rows than it is sent: least and greatest y of each column of "
        "pixels; these and its first and last row; or as many rows as pixels, chosen by their looks."
    ),
]
Around = Annotated[bool, Meta(description="Of a window: with the row before it, and the one after it.")]


class Reading(AtVersion):
    """Which rows of which version; the summary when nothing but the version is said."""

    full: Annotated[str | None, Meta(description="All rows of all columns.")] = None
    columns: Columns = None
    rows: Annotated[
        str | None,
        Meta(description="`from:to` or `from:to:step`, counted from 0, without `to`.", examples=["0:100"]),
    ] = None
    where: Annotated[
        str | list[str],
        Meta(
            description="A condition that rows fulfil; several times for several, all of them.",
            examples=["y >= 2"],
        ),
    ] = ()  # type: ignore[assignment]  # the default of a struct must not be mutable
    limit: Annotated[Count | None, Meta(description="The most rows that are wanted.")] = None
    x: Annotated[
        str | None, Meta(description="Of a window: the column, ascending; the row's number if left out.")
    ] = None
    y: Annotated[str | list[str] | None, Meta(description="Of a window: names of columns.")] = None
    begin: End = msgspec.field(default=None, name="from")
    end: End = msgspec.field(default=None, name="to")
    pixels: Pixels = 1000
    method: Method = "minmax"
    around: Around = False

    @property
    def window_asked(self) -> bool:
        """Whether it is a window that is asked for."""
        return any(value is not None for value in (self.x, self.y, self.begin, self.end))

    @property
    def rows_asked(self) -> bool:
        """Whether rows are asked for."""
        given = (self.full, self.columns, self.rows, self.limit)
        return self.window_asked or bool(self.where) or any(value is not None for value in given)


ShownEnd = Annotated[
    float | None,
    Meta(description="As BokehJS has it, for times milliseconds; the first or the last x when left out."),
]


class WindowOfColumns(msgspec.Struct):
    """A window of columns by their hashes."""

    x: Hash
    y: Annotated[
        str,
        Meta(
            pattern=f"^{HASH}(,{HASH})*$",
            max_length=MAX_WINDOW_COLUMNS * len(f"{A_HASH},") - 1,
            description=f"Hashes of columns with commas between them, at most {MAX_WINDOW_COLUMNS}.",
            examples=[A_HASH],
        ),
    ]
    begin: ShownEnd = msgspec.field(default=None, name="from")
    end: ShownEnd = msgspec.field(default=None, name="to")
    pixels: Pixels = 1000
    method: Method = "m4"
    around: Around = False


class SummaryOrRows(TypedDict, total=False):
    """A summary as of `POST`; or rows: how many, of which kind they are, and a list for each column.

    In these, null is NaN, NaT or None, and times are ISO 8601.
    """

    id: SourceId
    name: str
    live: bool
    version: Annotated[int, Meta(ge=1)]
    created: Time
    modified: Time
    keep: KeepVersions
    kind: Annotated[str, Meta(description="`rows`; of a window `exact`, `reduced` or `sampled`.")]
    rows: Count
    columns: dict[str, Any]


READING = """
Without parameters the answer is a summary. With `columns`, `rows`, `where`, `limit` or `full` it is rows, and
with `y` a window: what a plot so many `pixels` wide can show of columns, exactly, in a time that does not
depend on how long they are. Rows come in the form that `Accept` prefers, or that the ending of the address
names: `/{user}/data/{source}.csv`, `.parquet`, `.arrow`, `.json`, `.packed` (ARCHITECTURE.md, Formats; there
64-bit integers are float64, and times milliseconds). `Bokeh-Cloud-Rows` says what a window is: `exact` (all
of its rows), `reduced`, or `sampled`, where x does not ascend.

A condition is `name = value`, with `=`, `!=`, `<`, `<=`, `>` or `>=`; `name between a and b`;
`name in (a, b)`; `name is null` or `name is not null`. Names and texts with commas, signs or such words in
them stand in double quotes. In CSV, texts that a spreadsheet would take for a formula have an apostrophe
before them.
"""

WINDOW = """
What a page asks for as one zooms: the address names columns by their hashes, so an answer stays right for
ever. It is packed rows (ARCHITECTURE.md, Formats) whose columns are called by their hashes; 64-bit integers
are float64, times milliseconds, and so are `from` and `to`. `kind` says what they are, as
`Bokeh-Cloud-Rows` does: `exact`, `reduced` or `sampled`.
"""
