"""Tables in files: what `bokeh-cloud data put` reads, and what `data get` writes for the server."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np

from .errors import CloudError

ARRAYS = (".npy", ".npz")
WRITTEN = ("csv", "parquet", "arrow", "feather")
FORMATS = (".csv", ".parquet", ".arrow", ".feather", ".json", *ARRAYS)


def read(path: Path) -> dict[str, Any]:
    """Return the columns of a file, by its ending.

    CSV, Parquet, Arrow (IPC file or stream) and JSON lines are read by pyarrow. Of NumPy's, an array of
    records has a column for each field, another one is a column called as the file; .npz is one per array.

    Raises:
        CloudError: it is none of these, or pyarrow is missing.
    """
    if path.suffix not in FORMATS:
        raise CloudError(f"{path} is none of {', '.join(FORMATS)}.")
    read_it = _read_arrays if path.suffix in ARRAYS else _readers()[path.suffix]
    try:
        found = read_it(path)
    except (OSError, ValueError, BadZipFile) as error:  # pyarrow's errors are of these
        raise CloudError(f"{path} cannot be read: {error}.") from error
    if isinstance(found, dict):
        return found
    return {name: found.column(name).combine_chunks() for name in found.column_names}


def write(table: Any, file: BinaryIO, form: str) -> None:
    """Write a table of pyarrow as one of `WRITTEN`; "feather" is Arrow's file, "arrow" its stream."""
    pa = _pyarrow()
    if form == "csv":
        pa.csv.write_csv(table, file)
    elif form == "parquet":
        pa.parquet.write_table(table, file)
    else:
        make = pa.ipc.new_file if form == "feather" else pa.ipc.new_stream
        with make(file, table.schema) as writer:
            writer.write_table(table)


def _read_arrays(path: Path) -> dict[str, Any]:
    found = np.load(path)
    if path.suffix == ".npz":
        with found:
            return dict(found)
    if found.dtype.names:
        return {name: found[name] for name in found.dtype.names}
    return {path.stem: found}


def _readers() -> Mapping[str, Callable[[Path], Any]]:
    pa = _pyarrow()

    def ipc(path: Path) -> Any:
        with pa.OSFile(str(path)) as file:
            is_file = file.read(6) == b"ARROW1"
        with pa.OSFile(str(path)) as file:
            return (pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)).read_all()

    return {
        ".csv": lambda path: pa.csv.read_csv(path),
        ".parquet": lambda path: pa.parquet.read_table(path),
        ".json": lambda path: pa.json.read_json(path),
        ".arrow": ipc,
        ".feather": ipc,
    }


def _pyarrow() -> Any:
    try:
        for name in ("csv", "json", "parquet"):
            import_module(f"pyarrow.{name}")
        return import_module("pyarrow")
    except ImportError:
        raise CloudError("Files of tables need: pip install pyarrow") from None
