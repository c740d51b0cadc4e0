"""The sandbox process that reads a file.

Usage: `python -m bokeh_data.ingest.reader_process FORMAT MEMORY COLUMNS NAME_LENGTH TYPES PREVIEW`.

The file is its standard input. It may take MEMORY bytes. COLUMNS and NAME_LENGTH are the maximum number of
columns and the maximum length of their names. TYPES is a JSON object, see `file_types`. If PREVIEW is not 0,
so many rows are sent as text rather than the columns; the others are read, too, to find errors in them.
"""

import json
import sys
from typing import BinaryIO

import pyarrow as pa

from bokeh_common.errors import CloudError, TooLarge
from bokeh_data.arrow.python_values import python_values
from bokeh_data.ingest.chunker import Chunker
from bokeh_data.ingest.table_reader import TableReader, open_table
from bokeh_data.sandbox.pipe_protocol import write_frame, write_piece
from bokeh_data.sandbox.process import limit_resources
from bokeh_data.sources.limits import SourceLimits

PATH = "/dev/fd/0"
MAX_MESSAGE_LENGTH = 500
MAX_CELL_LENGTH = 100


def main() -> None:
    """Read the file, and write its frames to standard output."""
    file_format, (memory, columns, name_length) = sys.argv[1], map(int, sys.argv[2:5])
    types, preview = json.loads(sys.argv[5]), int(sys.argv[6])
    limit_resources(memory)
    pipe = sys.stdout.buffer
    try:
        limits = SourceLimits(columns, column_name_length=name_length)
        table = open_table(file_format, PATH, limits, types)
        if preview:
            _preview(table, preview, pipe)
        else:
            _read(table, pipe)
    except MemoryError:
        message = (
            f"It takes more than {memory >> 20} MiB of memory to read; write it in smaller batches or row"
            " groups."
        )
        write_frame(pipe, {"error": message, "large": True})
    except CloudError as error:
        write_frame(
            pipe, {"error": str(error), "large": isinstance(error, TooLarge), "members": error.members}
        )
    except Exception as error:  # noqa: BLE001  # whatever a decoder raises is the error of the file
        write_frame(pipe, {"error": _message(error), "large": False})
    pipe.flush()


def _read(table: TableReader, pipe: BinaryIO) -> None:
    write_frame(pipe, {"names": table.schema.names, "notes": list(table.notes)})
    chunker, rows = Chunker(table.schema), 0
    for batch in table.batches:
        rows += len(batch)
        for piece in chunker.add(batch):
            write_piece(pipe, piece)
    for piece in chunker.finish():
        write_piece(pipe, piece)
    write_frame(pipe, {"rows": rows})


def _preview(table: TableReader, count: int, pipe: BinaryIO) -> None:
    first: list[list[str | None]] = []
    rows = 0
    for batch in table.batches:
        rows += len(batch)
        if len(first) < count:
            first += _rows_as_text(batch.slice(0, count - len(first)))
    types = [str(field.type) for field in table.schema]
    header = {"names": table.schema.names, "types": types, "notes": list(table.notes), "first": first}
    found = table.text_format
    written = {
        "delimiter": None if found is None else found.delimiter,
        "encoding": None if found is None else found.encoding,
    }
    write_frame(pipe, {**header, **written, "rows": rows})


def _rows_as_text(batch: pa.RecordBatch) -> list[list[str | None]]:
    rows = zip(*(python_values(column) for column in batch.columns), strict=True)
    return [[None if item is None else str(item)[:MAX_CELL_LENGTH] for item in row] for row in rows]


def _message(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= MAX_MESSAGE_LENGTH else f"{text[:MAX_MESSAGE_LENGTH]}..."


if __name__ == "__main__":
    main()
