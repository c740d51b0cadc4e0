"""The process that reads a file: `python -m bokeh_data.files.reader FORM MEMORY COLUMNS NAME_LENGTH`.

The file is its standard input.
It takes at most MEMORY bytes and some minutes of a processor. Whatever ends it, a bug in a decoder included,
it has nothing but the file.
"""

import sys
from typing import BinaryIO

from bokeh_common.errors import CloudError, TooLarge
from bokeh_data.files.confined import confine
from bokeh_data.files.cutting import Cutter
from bokeh_data.files.pieces import write_frame, write_piece
from bokeh_data.files.tables import Table, open_table
from bokeh_data.limits import SourceLimits

PATH = "/dev/fd/0"


def main() -> None:
    """Read the file, and write its frames to standard output."""
    form, (memory, columns, name_length) = sys.argv[1], map(int, sys.argv[2:])
    confine(memory)
    pipe = sys.stdout.buffer
    try:
        _read(open_table(form, PATH, SourceLimits(columns, column_name_length=name_length)), pipe)
    except MemoryError:
        text = (
            f"It takes more than {memory >> 20} MiB of memory to read; write it in smaller batches or groups."
        )
        write_frame(pipe, {"error": text, "large": True})
    except CloudError as error:
        write_frame(pipe, {"error": str(error), "large": isinstance(error, TooLarge)})
    except Exception as error:  # noqa: BLE001  # whatever is in the file, who sent it is told
        write_frame(pipe, {"error": _said(error), "large": False})
    pipe.flush()


def _read(table: Table, pipe: BinaryIO) -> None:
    write_frame(pipe, {"names": table.schema.names})
    cutter, rows = Cutter(table.schema), 0
    for batch in table.batches:
        rows += len(batch)
        for piece in cutter.add(batch):
            write_piece(pipe, piece)
    for piece in cutter.end():
        write_piece(pipe, piece)
    write_frame(pipe, {"rows": rows})


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 500 else f"{text[:500]}..."


if __name__ == "__main__":
    main()
