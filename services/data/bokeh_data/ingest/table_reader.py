"""Opens files as batches of rows: Arrow streams and files, Parquet, CSV, JSON, Excel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from bokeh_common.errors import Invalid
from bokeh_data.arrow.stored_types import stored_type, to_stored
from bokeh_data.columns.names import abbreviate
from bokeh_data.ingest.csv_reader import TextFormat, open_csv
from bokeh_data.ingest.file_types import cast_table, check_columns
from bokeh_data.ingest.json_reader import read_json
from bokeh_data.ingest.list_types import cast_batches, depends_on_rows, find_stored_schema
from bokeh_data.ingest.wide_integers import wide_integers_named
from bokeh_data.ingest.xlsx_reader import read_xlsx
from bokeh_data.sources.limits import SourceLimits

#: Rows that are decoded together take about so many bytes, and are at most so many.
BATCH_BYTES = 8 << 20
MAX_BATCH_ROWS = 1 << 16

#: What a value of variable size is assumed to take.
VARIABLE_BYTES = 16

#: The first bytes of an Arrow file; a stream has others.
FILE_MAGIC = b"ARROW1"


@dataclass(frozen=True)
class TableReader:
    """An open file.

    Attributes:
        schema: names and types of the columns.
        batches: all rows in order.
        notes: what was detected, for the user.
        text_format: how a CSV file is written; None for other formats.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    notes: Sequence[str] = ()
    text_format: TextFormat | None = None


def open_table(file_format: str, path: str, limits: SourceLimits, types: Mapping[str, str]) -> TableReader:
    """Open a file.

    Args:
        file_format: a key of `READERS`, or "csv".
        path: of the file.
        limits: on the names of columns.
        types: of some columns, see `file_types`; the others are those of the file.

    Raises:
        Invalid: the names of the columns are invalid, or a value does not have the type that is given.
        TooLarge: there are too many columns.
        pa.ArrowException: the file does not have this format.
    """
    if file_format == "csv":
        file = open_csv(path, limits, types)
        batches = _validated(file.schema, file.batches)
        return TableReader(file.schema, batches, file.notes, file.text_format)
    table = _open_stored(file_format, path)
    limits.check_names(table.schema.names)
    check_columns(types, table.schema.names)
    again = _open_stored(file_format, path) if depends_on_rows(table.schema) else table
    schema = find_stored_schema(table.schema, table.batches)
    batches = cast_batches(schema, again.batches)
    cast = cast_table(schema, batches, types)
    return TableReader(*cast, table.notes)


def _open_stored(file_format: str, path: str) -> TableReader:
    """Open a file whose types Arrow knows as a table with the types that columns have.

    Raises:
        Invalid: no type of a column has the values of one of its types.
    """
    with wide_integers_named(path):
        file = READERS[file_format](path)
    with_types = []
    for field in file.schema:
        with _errors_of(field.name):
            with_types.append(pa.field(field.name, stored_type(field.type)))
    schema = pa.schema(with_types, file.schema.metadata)
    batches = (_to_stored(batch, schema) for batch in _validated(file.schema, file.batches))
    return TableReader(schema, batches, file.notes)


def _to_stored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for name, array in zip(schema.names, batch.columns, strict=True):
        with _errors_of(name):
            arrays.append(to_stored(array))
    return pa.record_batch(arrays, schema)


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    """Name the column in errors."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"Column {abbreviate(name)}: {error}", column=name) from None


def _validated(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield validated batches, which all have the same schema."""
    for batch in batches:
        batch.validate(full=True)
        yield pa.record_batch(batch.columns, schema)


def _open_arrow(path: str) -> TableReader:
    """Open a stream or a file, whatever its name or media type says."""
    options = pa.ipc.IpcReadOptions(use_threads=False)
    file = pa.memory_map(path)
    is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
    file.seek(0)
    if not is_file:
        stream = pa.ipc.open_stream(file, options=options)
        return TableReader(stream.schema, iter(stream))
    reader = pa.ipc.open_file(file, options=options)
    return TableReader(reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches)))


def _open_json(path: str) -> TableReader:
    table = read_json(path)
    return TableReader(table.schema, iter(table.to_batches(MAX_BATCH_ROWS)))


def _open_xlsx(path: str) -> TableReader:
    table, notes = read_xlsx(path)
    return TableReader(table.schema, iter(table.to_batches(MAX_BATCH_ROWS)), notes)


def _open_parquet(path: str) -> TableReader:
    file = pq.ParquetFile(pa.memory_map(path), pre_buffer=False, page_checksum_verification=True)
    return TableReader(file.schema_arrow, _parquet_batches(file))


def _parquet_batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in file.iter_batches(_rows_per_batch(file), use_threads=False):
        rows += len(batch)
        yield batch
    if rows != file.metadata.num_rows:
        raise Invalid(f"Its footer declares {file.metadata.num_rows} rows, but it has {rows}.")


def _rows_per_batch(file: pq.ParquetFile) -> int:
    metadata = file.metadata
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    declared = sum(max(group.total_byte_size, 0) for group in groups) // max(metadata.num_rows, 1)
    fixed = sum(_width(field.type) for field in file.schema_arrow)
    return int(min(max(BATCH_BYTES // max(declared, fixed, 1), 1), MAX_BATCH_ROWS))


def _width(kind: pa.DataType) -> int:
    try:
        bits: int = kind.bit_width
    except ValueError:  # it has a variable width
        return VARIABLE_BYTES
    return max(bits // 8, 1)


READERS: dict[str, Callable[[str], TableReader]] = {
    "arrow-stream": _open_arrow,
    "arrow-file": _open_arrow,
    "parquet": _open_parquet,
    "json": _open_json,
    "xlsx": _open_xlsx,
}
