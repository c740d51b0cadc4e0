"""The types of columns that can be given with a file, by their names."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from bokeh_common.errors import Invalid

KINDS: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us"),
    "utc": pa.timestamp("us", "UTC"),
}


def parse_types(pairs: Iterable[str]) -> dict[str, str]:
    """Parse types such as `zip=text`, by the names of columns.

    Raises:
        Invalid: one has no such form, or there is no such type.
    """
    types = {}
    for pair in pairs:
        name, equals, kind = pair.rpartition("=")
        if not equals or kind not in KINDS:
            known = ", ".join(KINDS)
            raise Invalid(f"{pair[:80]!r} is not NAME=TYPE, the type of a column; types are {known}.")
        types[name] = kind
    return types


def name_of(kind: pa.DataType) -> str:
    """Return the name of a type that can be given."""
    return next((name for name, known in KINDS.items() if known == kind), str(kind))


def check_columns(types: Mapping[str, str], names: Iterable[str]) -> None:
    """Raise `Invalid` if types are given for columns that a file does not have."""
    if missing := types.keys() - set(names):
        raise Invalid(f"A type is given for {min(missing)[:80]!r}, but the file has no such column.")


def kind_of_dtype(dtype: str) -> str | None:
    """Return the type with which a column of a text file fits a stored column; None to infer it."""
    plain = dtype.removeprefix("arrow[").removesuffix("]")
    if plain.startswith(("string", "large_string", "dictionary<values=string")):
        return "text"
    if plain.startswith(("int", "uint8", "uint16", "uint32")):
        return "integer"
    if plain.startswith(("float", "double", "half")):
        return "float"
    return "boolean" if plain == "bool" else None


def cast_table(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], types: Mapping[str, str]
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the rows of a file with the types that are given for some of its columns.

    Raises:
        Invalid: while rows are read, if a value cannot be converted without a change.
    """
    if not types:
        return schema, batches
    fields = [pa.field(one.name, KINDS[types[one.name]]) if one.name in types else one for one in schema]
    wanted = pa.schema(fields)
    return wanted, (_cast_batch(batch, wanted) for batch in batches)


def _cast_batch(batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    arrays = [_cast(array, field) for array, field in zip(batch.columns, wanted, strict=True)]
    return pa.record_batch(arrays, wanted)


def _cast(array: pa.Array, field: pa.Field) -> pa.Array:
    try:
        return array if array.type == field.type else array.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"Column {field.name!r} cannot have the type {field.type}: {error}."
        raise Invalid(message, column=field.name) from None
