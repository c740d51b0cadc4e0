"""Stores the columns of a file that a sandbox process reads."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from subprocess import Popen
from typing import IO, Any, cast

import numpy as np

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.columns.dtypes import is_arrow, numpy_dtype
from bokeh_data.columns.manifest import Chunk, Column
from bokeh_data.columns.statistics import ChunkStatistics
from bokeh_data.columns.values import Values
from bokeh_data.ingest.pieces import decode_piece, join
from bokeh_data.ingest.widening import arrow_type, widen
from bokeh_data.sandbox.pipe_protocol import ColumnPiece, IncompleteFrame, parse_piece, read_frames
from bokeh_data.sandbox.process import exit_error, sandbox
from bokeh_data.sources.limits import SOURCE_LIMITS, SourceLimits
from bokeh_data.storage.column_store import ColumnStore, encode_chunk
from bokeh_data.storage.repository import DataRepository

#: Bytes of the rows of a file that are appended at once.
MAX_APPENDED_BYTES = 64 << 20

#: Rows of a preview.
PREVIEW_ROWS = 10

#: What a row counts at least: a column of nulls takes no bytes.
MIN_ROW_BYTES = 8


@dataclass(frozen=True)
class IngestLimits:
    """Limits on a file.

    Attributes:
        memory: bytes of the process that reads it.
        unpacked: bytes of all columns together.
        source: limits on the data source.
    """

    memory: int
    unpacked: int
    source: SourceLimits = SOURCE_LIMITS


@dataclass(frozen=True)
class StoredFile:
    """The columns of a file by name, and what was detected in it."""

    columns: dict[str, Column]
    notes: list[str]


@dataclass(frozen=True)
class FilePreview:
    """What a file would become.

    Attributes:
        rows: how many there are.
        types: of the columns by name, as Arrow calls them.
        notes: what was detected.
        first: the first rows, as text; null for missing values.
        delimiter: what separates the columns of a CSV file; None for other formats.
        encoding: of a CSV file; None for other formats.
    """

    rows: int
    types: dict[str, str]
    notes: list[str]
    first: list[list[str | None]]
    delimiter: str | None
    encoding: str | None


class FileIngest:
    """Stores the columns of files, for one account at a time."""

    def __init__(self, repository: DataRepository, limits: IngestLimits) -> None:
        self._repository = repository
        self._limits = limits

    def store_columns(
        self, user: str, file_format: str, file: IO[bytes], types: Mapping[str, str] | None = None
    ) -> StoredFile:
        """Store the chunks of a file's columns.

        Chunks that were stored before an error occurs are garbage.

        Args:
            user: the account.
            file_format: a key of `table_reader.READERS`.
            file: a file that can be mapped.
            types: of some columns, see `file_types`; the others are inferred.

        Raises:
            Invalid: the file does not have this format, is damaged, or has a value without its type.
            TooLarge: it takes too much memory or time, or contains too much.
            Forbidden: the account would exceed its quota.
        """
        with self._reader(file_format, file, types or {}, 0) as process:
            columns = _TableBuilder(ColumnStore(self._repository), user, self._limits.unpacked)
            try:
                for header, data in read_frames(cast("IO[bytes]", process.stdout)):
                    if columns.add(header, data):
                        return StoredFile(columns.build(), columns.notes)
            except IncompleteFrame:
                pass
            raise exit_error(process)

    def preview(self, file_format: str, file: IO[bytes], types: Mapping[str, str]) -> FilePreview:
        """Read a file without storing anything; see `store_columns`."""
        with self._reader(file_format, file, types, PREVIEW_ROWS) as process:
            with suppress(IncompleteFrame):
                for header, _ in read_frames(cast("IO[bytes]", process.stdout)):
                    if "error" in header:
                        raise _file_error(header)
                    kinds = dict(zip(header["names"], header["types"], strict=True))
                    written = header["delimiter"], header["encoding"]
                    return FilePreview(header["rows"], kinds, header["notes"], header["first"], *written)
            raise exit_error(process)

    def read_rows(self, file_format: str, file: IO[bytes], types: Mapping[str, str]) -> dict[str, Values]:
        """Return the columns of a file in memory, to append them; see `store_columns`.

        Raises:
            TooLarge: they have more than `MAX_APPENDED_BYTES`.
        """
        parts: dict[int, list[Values]] = {}
        names: list[str] = []
        left = MAX_APPENDED_BYTES
        with self._reader(file_format, file, types, 0) as process, suppress(IncompleteFrame):
            for header, data in read_frames(cast("IO[bytes]", process.stdout)):
                if "error" in header:
                    raise _file_error(header)
                names = header.get("names", names)
                if "column" in header:
                    left -= len(data)
                    if left < 0:
                        raise TooLarge(
                            f"More than {MAX_APPENDED_BYTES >> 20} MiB of rows; append them in parts."
                        )
                    parts.setdefault(header["column"], []).append(decode_piece(parse_piece(header, data)))
                elif "rows" in header:
                    return {name: join(parts[number]) for number, name in enumerate(names)}
        raise exit_error(process)

    def _reader(
        self, file_format: str, file: IO[bytes], types: Mapping[str, str], preview: int
    ) -> AbstractContextManager["Popen[bytes]"]:
        source = self._limits.source
        numbers = self._limits.memory, source.columns, source.column_name_length
        arguments = (file_format, *numbers, json.dumps(dict(types)), preview)
        return sandbox("bokeh_data.ingest.reader_process", *arguments, stdin=file)


@dataclass
class _TableBuilder:
    """Builds columns from the frames of the sandbox process."""

    store: ColumnStore
    user: str
    bytes_left: int
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: dict[int, "_ColumnBuilder"] = field(default_factory=dict)

    def add(self, header: dict[str, Any], data: bytes) -> bool:
        """Add a frame; return True at the end of the file. Raises as `FileIngest.store_columns`."""
        if "error" in header:
            raise _file_error(header)
        if "names" in header:
            self.names, self.notes = header["names"], header["notes"]
        if "column" in header:
            self._add_piece(parse_piece(header, data))
        return "rows" in header and "column" not in header

    def build(self) -> dict[str, Column]:
        """Return the columns, whose manifests are not yet stored."""
        return {name: self.columns[number].build() for number, name in enumerate(self.names)}

    def _add_piece(self, piece: ColumnPiece) -> None:
        self.bytes_left -= max(len(piece.data), MIN_ROW_BYTES * piece.rows)
        if self.bytes_left < 0:
            raise TooLarge("There is more in the file than is accepted at once; send it in parts.")
        column = self.columns.setdefault(piece.column, _ColumnBuilder(piece.dtype, piece.row_shape))
        if column.dtype != piece.dtype:
            self._convert(column, piece.dtype)
        rows = piece.rows if is_arrow(piece.dtype) else None
        if piece.rows or rows is not None:
            chunk = self.store.put_chunk(self.user, piece.data, rows)
            column.add(chunk, piece.statistics, piece.rows)

    def _convert(self, column: "_ColumnBuilder", dtype: str) -> None:
        """Rewrite the chunks so far, since there is a null, which their dtype does not have."""
        chunks, statistics = [], []
        for chunk in column.chunks:
            array = np.frombuffer(self.store.view_chunk(chunk), numpy_dtype(column.dtype))
            fixed = Values(column.dtype, array.reshape(-1, *column.row_shape) if column.row_shape else array)
            data, stats = encode_chunk(widen(fixed, dtype, arrow_type(fixed, dtype)))
            chunks.append(self.store.put_chunk(self.user, data, len(fixed) if is_arrow(dtype) else None))
            statistics.append(stats)
        column.dtype, column.chunks, column.statistics = dtype, chunks, statistics
        column.row_shape = () if is_arrow(dtype) else column.row_shape


@dataclass
class _ColumnBuilder:
    """Builds one column."""

    dtype: str
    row_shape: tuple[int, ...]
    rows: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    statistics: list[ChunkStatistics] = field(default_factory=list)

    def add(self, chunk: Chunk, statistics: ChunkStatistics, rows: int) -> None:
        self.chunks.append(chunk)
        self.statistics.append(statistics)
        self.rows += rows

    def build(self) -> Column:
        shape = (self.rows, *self.row_shape)
        return Column(self.dtype, shape, tuple(self.chunks), 0, tuple(self.statistics))


def _file_error(header: dict[str, Any]) -> Invalid | TooLarge:
    if header["large"]:
        return TooLarge(f"The file is too large: {header['error']}")
    return Invalid(
        f"The file cannot be read: {header['error']}", slug="unreadable-file", **header.get("members", {})
    )
