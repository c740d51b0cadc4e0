"""CSV (RFC 4180), as people write it: other delimiters and encodings, decimal commas; see `text_types`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.ingest.csv_dialect import SAMPLE_LENGTH, CsvDialect, detect_dialect
from bokeh_data.ingest.encodings import UTF_8, detect_encoding, open_as_utf_8
from bokeh_data.ingest.file_types import KINDS, check_columns, name_of
from bokeh_data.ingest.text_types import COMMA_FLOAT, ESCAPED, FLOAT, TextType, TypeInference, convert
from bokeh_data.sources.limits import SourceLimits

#: A row must fit into a block.
BLOCK_BYTES = 4 << 20

DELIMITER_NAMES = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

#: Arrow's message, in which the line of names is the first row.
_WRONG_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True)
class TextFormat:
    """How a file is written: the character that separates its columns, and its encoding."""

    delimiter: str
    encoding: str


@dataclass(frozen=True)
class CsvFile:
    """An open file.

    Attributes:
        schema: names and types of the columns.
        batches: all rows in order; null floats are NaN.
        notes: what was detected.
        text_format: how the file is written.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    notes: list[str]
    text_format: TextFormat


def open_csv(path: str, limits: SourceLimits, types: Mapping[str, str]) -> CsvFile:
    """Open a file, after reading it once to infer the types of its columns.

    Args:
        path: of the file.
        limits: on the names of columns.
        types: of some columns, see `file_types`; the others are inferred.

    Raises:
        Invalid: names are invalid, or it is not a text file.
        TooLarge: there are too many columns.
        pa.ArrowInvalid: the rows differ in length.
    """
    encoding = detect_encoding(path)
    sample = _read_sample(path, encoding)
    if not sample.strip():
        raise Invalid("It is empty.")
    if (width := _count_columns(sample)) > limits.columns:
        raise TooLarge(f"It has {width} columns; a data source has at most {limits.columns}.")
    source = _CsvSource(path, encoding, detect_dialect(sample), _only_line(sample))
    names = [_without_apostrophe(name) for name in source.names]
    limits.check_names(names)
    check_columns(types, names)
    inferences = dict(zip(names, _infer(source, names, types), strict=True))
    targets = {name: _target(one, types.get(name)) for name, one in inferences.items()}
    schema = pa.schema([pa.field(name, target.kind) for name, target in targets.items()])
    notes = [*source.notes, *(one.explain(name) for name, one in inferences.items() if name not in types)]
    batches = _convert(source, schema, list(targets.values()))
    return CsvFile(
        schema, batches, [note for note in notes if note], TextFormat(source.dialect.delimiter, encoding)
    )


class _CsvSource:
    """A file that is read more than once, as strings."""

    def __init__(self, path: str, encoding: str, dialect: CsvDialect, only_line: bytes) -> None:
        self._path, self._encoding, self.dialect, self._only_line = path, encoding, dialect, only_line
        self._keeps_empty_lines = len(dialect.is_text) <= 1
        with _width_errors(self.dialect.skipped_lines):
            self.names: list[str] = list(self._open(None).schema.names)

    @property
    def notes(self) -> list[str]:
        """What was detected for all columns."""
        encoding = [] if self._encoding == UTF_8 else [f"The file is encoded in {self._encoding}."]
        name = DELIMITER_NAMES.get(self.dialect.delimiter)
        return [*encoding, *([f"Columns are separated by {name}."] if name else [])]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the rows."""
        with _width_errors(self.dialect.skipped_lines):
            yield from self._open(dict.fromkeys(self.names, pa.string()))

    def _open(self, kinds: dict[str, pa.DataType] | None) -> pa.csv.CSVStreamingReader:
        if self._only_line:
            file = pa.BufferReader(self._only_line)
        elif self._encoding == UTF_8:
            file = pa.memory_map(self._path)
        else:
            file = pa.PythonFile(open_as_utf_8(self._path, self._encoding))
        return pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, skip_rows=self.dialect.skipped_lines
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=not self._keeps_empty_lines,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=kinds,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


@contextmanager
def _width_errors(skipped_lines: int) -> Iterator[None]:
    """Translate Arrow's error for a row that is too short or too long."""
    try:
        yield
    except pa.ArrowInvalid as error:
        found = _WRONG_WIDTH.search(str(error))
        if found is None:
            raise
        line, expected, width = map(int, found.groups())
        row = line - 1 - skipped_lines
        message = f"Row {row} has {width} columns instead of {expected}; quote values with a delimiter."
        raise Invalid(message, row=row) from None


def _read_sample(path: str, encoding: str) -> str:
    with open_as_utf_8(path, encoding) as file:
        return file.read(4 * SAMPLE_LENGTH).decode(errors="ignore")[:SAMPLE_LENGTH].lstrip("\ufeff")


def _only_line(sample: str) -> bytes:
    """Return a file that consists of a line of names with the line end that it lacks; empty for others."""
    is_only_line = len(sample) < SAMPLE_LENGTH and not re.search(r"[\r\n]", sample)
    return f"{sample}\n".encode() if is_only_line else b""


def _count_columns(sample: str) -> int:
    """Return how many columns there may be, before a parser has to store them."""
    header = sample.partition("\n")[0]
    return max(header.count(delimiter) for delimiter in (",", *DELIMITER_NAMES)) + 1


def _infer(source: _CsvSource, names: list[str], types: Mapping[str, str]) -> list[TypeInference]:
    quoted = source.dialect.is_text
    takes_commas = source.dialect.delimiter != ","
    inferences = [TypeInference(i < len(quoted) and quoted[i], takes_commas) for i in range(len(names))]
    for batch in source.batches():
        for name, inference, strings in zip(names, inferences, batch.columns, strict=True):
            if name not in types:
                inference.add(strings)
    return inferences


def _target(inference: TypeInference, given: str | None) -> TextType:
    if given is None:
        return inference.type
    prepare = COMMA_FLOAT.prepare if given == "float" and inference.takes_commas else FLOAT.prepare
    return TextType(KINDS[given], lambda _: True, pc.utf8_lower if given == "boolean" else prepare)


def _convert(source: _CsvSource, schema: pa.Schema, targets: list[TextType]) -> Iterator[pa.RecordBatch]:
    row = 1
    for batch in source.batches():
        arrays = [
            _convert_column(strings, target, name, row)
            for strings, target, name in zip(batch.columns, targets, schema.names, strict=True)
        ]
        row += len(batch)
        yield pa.record_batch(arrays, schema)


def _convert_column(strings: pa.Array, target: TextType, name: str, row: int) -> pa.Array:
    try:
        array = convert(strings, target)
    except pa.ArrowInvalid:
        raise _value_error(strings, target, name, row) from None
    return pc.fill_null(array, float("nan")) if pa.types.is_floating(target.kind) else array


def _value_error(strings: pa.Array, target: TextType, name: str, row: int) -> Invalid:
    """Return the error of the first value that cannot be converted, which is found by bisection."""
    start, stop = 0, len(strings)
    while stop - start > 1:
        middle = (start + stop) // 2
        start, stop = (middle, stop) if _can_convert(strings[start:middle], target) else (start, middle)
    value: Any = strings[start].as_py()
    return Invalid(
        f"Row {row + start}, column {name!r}: {value[:80]!r} is no {name_of(target.kind)}; correct it, or "
        "give the column the type text.",
        row=row + start,
        column=name,
    )


def _can_convert(strings: pa.Array, target: TextType) -> bool:
    with suppress(pa.ArrowInvalid):
        convert(strings, target)
        return True
    return False


def _without_apostrophe(name: str) -> str:
    return str(pc.replace_substring_regex(pa.scalar(name), ESCAPED, r"\1").as_py())
