"""Opens files as batches of rows: Arrow streams and files, Parquet, CSV."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bokeh_common.errors import Invalid
from bokeh_data.files.csvs import check_header, open_csv
from bokeh_data.limits import SourceLimits

#: Rows that are decoded together take about so many bytes.
BATCH_BYTES = 8 << 20
MAX_BATCH_ROWS = 1 << 16
FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True)
class Table:
    """A file that is open: its columns, and all of its rows in order."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def open_table(form: str, path: str, limits: SourceLimits) -> Table:
    """Open a file of a form of `OPEN`; `Invalid` or `pa.ArrowException` when it is none such."""
    if form == "csv":
        check_header(path, limits.columns)
    table = OPEN[form](path)
    limits.check_names(table.schema.names)
    return Table(table.schema, _checked(table))


def _checked(table: Table) -> Iterator[pa.RecordBatch]:
    """Yield batches whose buffers hold what they say, with NaN where pandas has written null for it."""
    floats = _floats_of_pandas(table.schema)
    for batch in table.batches:
        batch.validate(full=True)
        arrays = [
            pc.fill_null(array, float("nan")) if i in floats and array.null_count else array
            for i, array in enumerate(batch.columns)
        ]
        yield pa.record_batch(arrays, table.schema)


def _floats_of_pandas(schema: pa.Schema) -> set[int]:
    """Return the columns that were plain floats in pandas, which has no null there."""
    try:
        said = (schema.pandas_metadata or {}).get("columns", [])
        plain = {item.get("field_name") for item in said if item.get("numpy_type") in FLOATS}
    except (ValueError, AttributeError, TypeError):
        return set()  # it is anybody's text
    return {i for i, f in enumerate(schema) if f.name in plain and pa.types.is_floating(f.type)}


def _open_stream(path: str) -> Table:
    reader = pa.ipc.open_stream(pa.memory_map(path), options=pa.ipc.IpcReadOptions(use_threads=False))
    return Table(reader.schema, iter(reader))


def _open_file(path: str) -> Table:
    reader = pa.ipc.open_file(pa.memory_map(path), options=pa.ipc.IpcReadOptions(use_threads=False))
    return Table(reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches)))


def _open_parquet(path: str) -> Table:
    file = pq.ParquetFile(pa.memory_map(path), pre_buffer=False, page_checksum_verification=True)
    return Table(file.schema_arrow, _parquet_batches(file))


def _parquet_batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in file.iter_batches(_batch_rows(file), use_threads=False):
        rows += len(batch)
        yield batch
    if rows != file.metadata.num_rows:
        raise Invalid(f"Its footer speaks of {file.metadata.num_rows} rows; there are {rows}.")


def _batch_rows(file: pq.ParquetFile) -> int:
    metadata = file.metadata
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    said = sum(max(group.total_byte_size, 0) for group in groups) // max(metadata.num_rows, 1)
    fixed = sum(_width(field.type) for field in file.schema_arrow)
    return int(min(max(BATCH_BYTES // max(said, fixed, 1), 1), MAX_BATCH_ROWS))


def _width(kind: pa.DataType) -> int:
    try:
        bits: int = kind.bit_width
    except ValueError:  # of no fixed width
        return 16
    return max(bits // 8, 1)


def _open_csv(path: str) -> Table:
    reader = open_csv(path)
    return Table(reader.schema, iter(reader))


OPEN: dict[str, Callable[[str], Table]] = {
    "arrow-stream": _open_stream,
    "arrow-file": _open_file,
    "parquet": _open_parquet,
    "csv": _open_csv,
}
