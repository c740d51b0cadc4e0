"""Idempotency keys of appends, by which a source recognises rows that it has already.

They are kept in the record of the source, so one compare-and-swap stores rows and their key. There are two
kinds:

* `writer/{id}/{number}`: a writer sends its batches in order, with ascending numbers. Of each writer the last
  number is kept, so its batches are recognised however many other clients append in the meantime.
* any other key: the last ones of all clients are kept.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from bokeh_data.sources.source import Source

MAX_KEYS = 100
MAX_WRITERS = 256

#: The id is random, and chosen by the writer; the number has at most 15 digits.
WRITER_KEY = re.compile(r"writer/([a-z0-9]{16,32})/([1-9][0-9]{0,14})")


def is_repeated(source: Source, key: str | None) -> bool:
    """Tell whether rows were appended with this key before; never for None."""
    if key is None:
        return False
    if (found := WRITER_KEY.fullmatch(key)) is not None:
        return int(found[2]) <= source.writers.get(found[1], 0)
    return key in source.appends


def remember_key(source: Source, key: str | None, version: int) -> Source:
    """Return a source that remembers the key of an append.

    Args:
        source: to which rows were appended.
        key: None is not remembered.
        version: that the append makes.
    """
    if key is None:
        return source
    if (found := WRITER_KEY.fullmatch(key)) is not None:
        return replace(source, writers=_with_last(source.writers, found[1], int(found[2]), MAX_WRITERS))
    return replace(source, appends=_with_last(source.appends, key, version, MAX_KEYS))


def _with_last(known: Mapping[str, int], key: str, value: int, most: int) -> dict[str, int]:
    """Return at most so many items, with one that is the last; the first ones are dropped."""
    others = [(name, number) for name, number in known.items() if name != key]
    return {**dict(others[max(0, len(others) + 1 - most) :]), key: value}
