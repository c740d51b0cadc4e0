"""Tables in files: what `bokeh-cloud data put` reads and `data get` writes, by pyarrow."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import CloudError

FORMATS = (".csv", ".parquet", ".arrow", ".feather", ".json")


def read(path: Path) -> dict[str, Any]:
    """Return the columns of a file, by its ending: CSV, Parquet, Arrow (IPC file or stream), or JSON lines.

    Raises:
        CloudError: it is none of these, or pyarrow is missing.
    """
    readers = _readers()
    if path.suffix not in readers:
        raise CloudError(f"{path} is none of {', '.join(FORMATS)}.")
    try:
        table = readers[path.suffix](path)
    except (OSError, ValueError) as error:  # pyarrow's errors are of these
        raise CloudError(f"{path} cannot be read: {error}.") from error
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def write(table: Any, path: Path) -> None:
    """Write a table of pyarrow into a file, by its ending; CloudError where that is none, or it cannot be."""
    writers = _writers()
    if path.suffix not in writers:
        raise CloudError(f"{path} is none of {', '.join(writers)}.")
    try:
        writers[path.suffix](table, path)
    except OSError as error:
        raise CloudError(f"{path} cannot be written ({error.strerror or error}).") from error


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


def _writers() -> Mapping[str, Callable[[Any, Path], None]]:
    pa = _pyarrow()

    def ipc(table: Any, path: Path) -> None:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)

    return {
        ".csv": lambda table, path: pa.csv.write_csv(table, path),
        ".parquet": lambda table, path: pa.parquet.write_table(table, path),
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
