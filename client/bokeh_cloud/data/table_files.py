"""Files of tables: those that `bokeh-cloud data put` sends, and those that `data get` writes itself."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import BadZipFile

import numpy as np

from bokeh_cloud.errors import CloudError

NUMPY_SUFFIXES = (".npy", ".npz")
WRITABLE_FORMATS = ("csv", "parquet", "arrow", "feather")

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ENCODINGS = {".gz": "gzip", ".zst": "zstd"}


class FileKind(NamedTuple):
    """What a file is, after its suffixes: the media type, and the content encoding if it is compressed."""

    media_type: str
    encoding: str | None


def kind_of_file(path: Path) -> FileKind:
    """Return what a file is; raises CloudError if its suffix is not one of a table."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    encoding = _ENCODINGS.get(suffixes[-1]) if suffixes else None
    suffix = suffixes[-2:][0] if encoding else suffixes[-1] if suffixes else ""
    if suffix not in _MEDIA_TYPES:
        known = ", ".join([*_MEDIA_TYPES, *NUMPY_SUFFIXES])
        raise CloudError(f"{path} is none of {known}, and none of these with {' or '.join(_ENCODINGS)}.")
    return FileKind(_MEDIA_TYPES[suffix], encoding)


def stem_of(path: Path) -> str:
    """Return the name of a file without its suffixes."""
    return Path(path.stem).stem if path.suffix.lower() in _ENCODINGS else path.stem


def read_numpy(path: Path, types: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the columns of a file of NumPy.

    A `.npz` file has a column for each array. A `.npy` file has a column for each field of a structured
    array; any other array is one column with the name of the file.

    Raises:
        CloudError: the file cannot be read, or types are given, which its arrays have already.
    """
    if types:
        raise CloudError("The arrays of NumPy's files have types; none can be given.")
    try:
        return _read_numpy(path)
    except (OSError, ValueError, BadZipFile) as error:
        raise CloudError(f"{path} cannot be read: {error}.") from error


def write_table(table: Any, file: BinaryIO, output_format: str) -> None:
    """Write a pyarrow table in one of `WRITABLE_FORMATS`; "feather" is an Arrow file, "arrow" a stream."""
    pa = _pyarrow()
    if output_format == "csv":
        pa.csv.write_csv(_with_empty_fields(pa, table), file)
    elif output_format == "parquet":
        pa.parquet.write_table(table, file)
    else:
        make_writer = pa.ipc.new_file if output_format == "feather" else pa.ipc.new_stream
        with make_writer(file, table.schema) as writer:
            writer.write_table(table)


def _with_empty_fields(pa: Any, table: Any) -> Any:
    """Return a table whose missing numbers (NaN) are null, unless lines without them would be empty."""
    if table.num_columns > 1:
        for index, field in enumerate(table.schema):
            if pa.types.is_floating(field.type):
                table = table.set_column(index, field, _nan_as_null(pa, table.column(index)))
    return table


def _nan_as_null(pa: Any, column: Any) -> Any:
    return pa.compute.if_else(pa.compute.is_nan(column), pa.scalar(None, column.type), column)


def _read_numpy(path: Path) -> dict[str, Any]:
    loaded = np.load(path)
    if path.suffix.lower() == ".npz":
        with loaded:
            return dict(loaded)
    if loaded.dtype.names:
        return {name: loaded[name] for name in loaded.dtype.names}
    return {path.stem: loaded}


def _pyarrow() -> Any:
    try:
        for name in ("compute", "csv", "json", "parquet"):
            import_module(f"pyarrow.{name}")
        return import_module("pyarrow")
    except ImportError:
        raise CloudError("Files of tables need: pip install pyarrow") from None
