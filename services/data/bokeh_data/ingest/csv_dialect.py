"""Dialects of CSV: which character separates the columns, and what quotes say, from the start of a file."""

import re
from dataclasses import dataclass

#: Characters that may separate columns; if several would do, the first one does.
DELIMITERS = (",", ";", "\t", "|")

#: How much of a file is looked at, in characters.
SAMPLE_LENGTH = 1 << 18
MAX_SAMPLE_RECORDS = 1000

_FIELDS = {
    delimiter: re.compile(
        rf'("(?:[^"]|"")*+"[^{re.escape(delimiter)}\r\n]*+|[^{re.escape(delimiter)}\r\n]*+)'
        rf"({re.escape(delimiter)}|\r\n|\n|\r|\Z)"
    )
    for delimiter in DELIMITERS
}

#: The first line of files that Excel is to open, whatever the separator of its country is.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\n|\r)', re.IGNORECASE)

#: Empty lines; those within quotes make no difference to the dialect.
_EMPTY_LINES = re.compile(r"(?:\r\n|\n|\r)[\r\n]++")

Record = list[str]


@dataclass(frozen=True)
class CsvDialect:
    """How a file is written.

    Attributes:
        delimiter: separates columns.
        is_text: for each column whether its values are strings since they are in quotes. Quotes say nothing
            if everything is in quotes, also the names.
        skipped_lines: how many lines are before the names.
    """

    delimiter: str
    is_text: tuple[bool, ...]
    skipped_lines: int = 0


def detect_dialect(sample: str) -> CsvDialect:
    """Return the dialect of a file from its start, of up to `SAMPLE_LENGTH` characters.

    The delimiter is the one that a first line such as `sep=;` names, or else the one that divides all records
    into the same number of columns, the largest one. If none does, it is the first one in the line of names
    that rows have, too, or else a comma.
    """
    if named := _SEPARATOR_LINE.match(sample):
        return CsvDialect(named[1], _quoted_columns(_split(sample[named.end() :], named[1])), 1)
    sample = _EMPTY_LINES.sub("\n", sample)
    records = {delimiter: _split(sample, delimiter) for delimiter in DELIMITERS}
    widths = {delimiter: _common_width(found) for delimiter, found in records.items()}
    delimiter = max(DELIMITERS, key=lambda one: widths[one])
    if widths[delimiter] < 2:
        header, *rest = re.split(r"[\r\n]+", sample, maxsplit=1)
        rows = rest[0] if rest and rest[0] else header
        delimiter = next((one for one in DELIMITERS if one in header and one in rows), ",")
    return CsvDialect(delimiter, _quoted_columns(records[delimiter]))


def _split(sample: str, delimiter: str) -> list[Record]:
    """Return the fields of complete records with their quotes; lines without characters are left out."""
    records: list[Record] = []
    record: Record = []
    for found in _FIELDS[delimiter].finditer(sample):
        record.append(found[1])
        if found[2] == delimiter:
            continue
        if not found[2] and records and len(sample) >= SAMPLE_LENGTH:
            break  # the last record may be incomplete
        records += [record] if record != [""] else []
        record = []
        if len(records) >= MAX_SAMPLE_RECORDS or not found[2]:
            break
    return records


def _common_width(records: list[Record]) -> int:
    widths = {len(record) for record in records}
    return widths.pop() if len(widths) == 1 else 0


def _quoted_columns(records: list[Record]) -> tuple[bool, ...]:
    if not records:
        return ()
    names, rows = records[0], records[1:]
    say_something = any(field and field[0] != '"' for record in records for field in record)
    if not rows or not say_something:
        return (False,) * len(names)
    values = [[row[i] for row in rows if i < len(row) and row[i]] for i in range(len(names))]
    return tuple(bool(column) and all(field[0] == '"' for field in column) for column in values)
