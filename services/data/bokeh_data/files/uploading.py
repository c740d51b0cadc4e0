"""Stores what the process that reads a file hands back."""

from dataclasses import dataclass, field
from typing import IO, Any, cast

import numpy as np

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.arrowchunks import write_chunk
from bokeh_data.columns import Chunk, Column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.dtypes import is_arrow, numpy_dtype
from bokeh_data.files.confined import confined, why_broken
from bokeh_data.files.pieces import BrokenPipe, Piece, piece_of, read_frames
from bokeh_data.limits import SOURCE_LIMITS, SourceLimits
from bokeh_data.records import Records
from bokeh_data.shown import text_of
from bokeh_data.values import Values, to_arrow
from bokeh_data.zones import Zone, zone_of_arrow

#: What a row counts for at least: a column of nothing but nulls takes no bytes.
ROW_BYTES = 8


@dataclass(frozen=True)
class Bounds:
    """What a file may take.

    Attributes:
        memory: bytes of the process that reads it.
        unpacked: bytes of all columns.
        source: what the data source may have.
    """

    memory: int
    unpacked: int
    source: SourceLimits = SOURCE_LIMITS


class Uploads:
    """Makes columns of files, for one account at a time."""

    def __init__(self, records: Records, bounds: Bounds) -> None:
        self._records = records
        self._bounds = bounds

    def columns(self, user: str, form: str, file: IO[bytes]) -> dict[str, Column]:
        """Store the columns of a file; what was stored when it fails is garbage that nothing refers to.

        Args:
            user: the account.
            form: one of `tables.OPEN`.
            file: that can be mapped.

        Raises:
            Invalid: it is not what `form` says, or damaged.
            TooLarge: it takes too much memory or time, or there is too much in it.
            Forbidden: the account would have more than it may.
        """
        source = self._bounds.source
        numbers = self._bounds.memory, source.columns, source.column_name_length
        with confined("bokeh_data.files.reader", form, *numbers, stdin=file) as process:
            growing = Growing(ColumnStore(self._records), user, self._bounds.unpacked)
            try:
                for head, data in read_frames(cast("IO[bytes]", process.stdout)):
                    if growing.take(head, data):
                        return growing.columns()
            except BrokenPipe:
                pass
            raise why_broken(process)


@dataclass
class Growing:
    """Columns that are being made of pieces."""

    store: ColumnStore
    user: str
    left: int  # bytes
    names: list[str] = field(default_factory=list)
    grown: dict[int, "_Grown"] = field(default_factory=dict)

    def take(self, head: dict[str, Any], data: bytes) -> bool:
        """Take a frame; True at the end of the file. Raises as `Uploads.columns`."""
        if "error" in head:
            raise _refused(head)
        if "names" in head:
            self.names = head["names"]
        if "column" in head:
            self._add(piece_of(head, data))
        return "rows" in head and "column" not in head

    def columns(self) -> dict[str, Column]:
        """Return the columns, of which no manifest is stored yet."""
        return {name: self.grown[number].column for number, name in enumerate(self.names)}

    def _add(self, piece: Piece) -> None:
        self.left -= max(len(piece.data), ROW_BYTES * piece.rows)
        if self.left < 0:
            raise TooLarge("There is more in the file than is taken at once; send it in parts.")
        grown = self.grown.setdefault(piece.column, _Grown(piece.dtype, piece.row_shape))
        if grown.dtype != piece.dtype:
            self._turn_into_arrow(grown, piece.dtype)
        rows = piece.rows if is_arrow(piece.dtype) else None
        if piece.rows or rows is not None:
            grown.add(self.store.put(self.user, piece.data, rows), piece.zone, piece.rows)

    def _turn_into_arrow(self, grown: "_Grown", dtype: str) -> None:
        """Write the chunks so far anew: a null has come, for which their type has no room."""
        chunks, zones = [], []
        for chunk in grown.chunks:
            array = np.frombuffer(self.store.view(chunk), numpy_dtype(grown.dtype))
            rows = to_arrow(
                Values(grown.dtype, array.reshape(-1, *grown.row_shape) if grown.row_shape else array)
            )
            chunks.append(self.store.put(self.user, write_chunk(rows), len(rows)))
            zones.append(zone_of_arrow(rows, len(text_of(rows))))
        grown.dtype, grown.row_shape, grown.chunks, grown.zones = dtype, (), chunks, zones


@dataclass
class _Grown:
    dtype: str
    row_shape: tuple[int, ...]
    rows: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)

    def add(self, chunk: Chunk, zone: Zone, rows: int) -> None:
        self.chunks.append(chunk)
        self.zones.append(zone)
        self.rows += rows

    @property
    def column(self) -> Column:
        shape = (self.rows, *self.row_shape)
        return Column(self.dtype, shape, tuple(self.chunks), 0, tuple(self.zones))


def _refused(head: dict[str, Any]) -> Invalid | TooLarge:
    if head["large"]:
        return TooLarge(f"The file is too large: {head['error']}")
    return Invalid(f"The file cannot be read: {head['error']}", slug="unreadable-file")
