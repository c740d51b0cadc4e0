"""The names of columns with integers of more than 64 bits, which Arrow reads no schema with.

They are found in the FlatBuffers of the schema (Arrow's `Schema.fbs`), of which only names and widths are
read.
"""

import base64
import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_data.columns.names import abbreviate

#: Part of Arrow's message.
_MESSAGE = "more than 64 bits"

#: How many bytes of a stream, and how many fields of a schema, are looked at.
MAX_BYTES, MAX_FIELDS = 1 << 20, 10_000

_FILE_MAGIC, _PARQUET_MAGIC = b"ARROW1", b"PAR1"
_PARQUET_KEY = b"ARROW:schema\x18"  # and the type of what follows
_CONTINUATION = b"\xff\xff\xff\xff"

#: Numbers of members of tables (of a message, a footer, a schema, a field, a type), and of the type Int.
_HEADER, _FOOTER_SCHEMA, _FIELDS, _NAME, _KIND, _TYPE, _CHILDREN, _WIDTH = 2, 1, 1, 0, 2, 3, 5, 0
_INT = 2


@contextmanager
def wide_integers_named(path: str) -> Iterator[None]:
    """Name the column in Arrow's error for a file with such integers."""
    try:
        yield
    except pa.ArrowException as error:
        if _MESSAGE not in str(error):
            raise
        name = _find_name(path)
        column = "A column" if name is None else f"Column {abbreviate(name)}"
        members = {} if name is None else {"column": name}
        raise Invalid(
            f"{column} holds integers of more than 64 bits; convert them to strings or floats before.",
            **members,
        ) from None


def _find_name(path: str) -> str | None:
    """Return the name of the first such column; None if the schema is not as expected."""
    try:
        data, schema = _open_schema(Path(path))
        return next((name for name, width in _widths(data, schema) if width > 64), None)
    except (struct.error, IndexError, ValueError):
        return None


def _open_schema(path: Path) -> tuple[bytes, int]:
    """Return the FlatBuffers that a schema is in, and where it is there."""
    with path.open("rb") as file:
        start = file.read(MAX_BYTES)
        if start.startswith(_FILE_MAGIC):
            footer = _read_footer(file, len(_FILE_MAGIC))
            return footer, _table(footer, _root(footer), _FOOTER_SCHEMA)
        if start.startswith(_PARQUET_MAGIC):
            start = _schema_of_parquet(_read_footer(file, len(_PARQUET_MAGIC)))
    message = start.removeprefix(_CONTINUATION)[4:]
    return message, _table(message, _root(message), _HEADER)


def _read_footer(file: BinaryIO, magic: int) -> bytes:
    """Return the footer, which is before its length and the magic bytes at the end of a file."""
    file.seek(-4 - magic, io.SEEK_END)
    [length] = struct.unpack("<I", file.read(4))
    file.seek(-4 - magic - length, io.SEEK_END)
    return file.read(length)


def _schema_of_parquet(footer: bytes) -> bytes:
    """Return the message in the metadata of a footer, where it is a string with its length as a varint."""
    at = footer.index(_PARQUET_KEY) + len(_PARQUET_KEY)
    length, shift, byte = 0, 0, 0x80
    while byte & 0x80:
        byte = footer[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return base64.b64decode(footer[at : at + length])


def _widths(data: bytes, schema: int) -> Iterator[tuple[str, int]]:
    """Yield the names of columns with the bits of the integers in them."""
    fields = [(field, "") for field in _vector(data, schema, _FIELDS)]
    for _ in range(MAX_FIELDS):
        if not fields:
            return
        field, parent = fields.pop(0)
        name = parent or _string(data, _table(data, field, _NAME))
        kind = _member(data, field, _KIND)
        if kind and data[kind] == _INT and (width := _member(data, _table(data, field, _TYPE), _WIDTH)):
            yield name, struct.unpack_from("<i", data, width)[0]
        fields[:0] = [(child, name) for child in _vector(data, field, _CHILDREN)]


def _string(data: bytes, at: int) -> str:
    [length] = struct.unpack_from("<I", data, at)
    return data[at + 4 : at + 4 + length].decode()


def _root(data: bytes) -> int:
    [offset] = struct.unpack_from("<I", data, 0)
    return int(offset)


def _member(data: bytes, table: int, number: int) -> int:
    """Return where a member of a table is; 0 if it is absent."""
    [to_vtable] = struct.unpack_from("<i", data, table)
    vtable = table - to_vtable
    [size] = struct.unpack_from("<H", data, vtable)
    if 4 + 2 * number >= size:
        return 0
    [offset] = struct.unpack_from("<H", data, vtable + 4 + 2 * number)
    return table + offset if offset else 0


def _table(data: bytes, table: int, number: int) -> int:
    """Return where the table, string or vector is that a member refers to."""
    at = _member(data, table, number)
    [offset] = struct.unpack_from("<I", data, at)
    return int(at + offset)


def _vector(data: bytes, table: int, number: int) -> list[int]:
    """Return where the tables of a vector are; raise `ValueError` if there are too many."""
    if not _member(data, table, number):
        return []
    at = _table(data, table, number)
    [length] = struct.unpack_from("<I", data, at)
    if length > MAX_FIELDS:
        raise ValueError("a schema has too many fields")
    items = [at + 4 + 4 * i for i in range(length)]
    return [item + struct.unpack_from("<I", data, item)[0] for item in items]
