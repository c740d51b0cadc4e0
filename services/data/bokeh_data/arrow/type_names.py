"""Names of types that can be read again: names of fields are in quotes, as in JSON."""

import json
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out

import pyarrow as pa

_OPEN, _CLOSE = "<([", ">)]"


def type_name(kind: pa.DataType) -> str:
    """Return the name of a type: that of Arrow, unless it has fields; of categories that of their values."""
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return f"struct<{', '.join(f'{json.dumps(one.name)}: {type_name(one.type)}' for one in fields)}>"
    if pa.types.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if pa.types.is_nested(kind):
        start, length = str(kind).partition("<")[0], str(kind).rpartition(">")[2]
        return f"{start}<item: {type_name(kind.value_type)}>{length}"
    return str(kind)


def split_fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names of fields and of their types, as `struct<...>` has them.

    Raises:
        ValueError: they are not written in this way.
    """
    at = 0
    while at < len(text) or not at:
        if text[at : at + 1] != '"':
            raise ValueError("the name of a field has no quotes")
        name, start = scanstring(text, at + 1)
        if not text.startswith(": ", start):
            raise ValueError(f"no type follows the field {name[:80]!r}")
        end = end_of_type(text, start)
        yield name, text[start + 2 : end]
        at = end + 2


def end_of_type(text: str, start: int) -> int:
    """Return where the name of a type ends: at a comma, or at the end.

    Raises:
        ValueError: the name of a field has no end.
    """
    depth, at = 0, start
    while at < len(text) and (depth or text[at] != ","):
        if text[at] == '"':
            _, at = scanstring(text, at + 1)
            continue
        depth += (text[at] in _OPEN) - (text[at] in _CLOSE)
        at += 1
    return at
