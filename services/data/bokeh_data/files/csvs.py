"""CSV (RFC 4180): commas, a line of names, UTF-8; the types are those that all values of a column have."""

from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from bokeh_common.errors import TooLarge

#: A row must fit in here.
BLOCK_BYTES = 4 << 20

#: What means that there is no value.
NULLS = ["", "NA", "N/A", "NULL", "null", "None", "NaN", "nan", "NaT"]

UNITS = ("s", "ms", "us", "ns")

#: Types in the order in which they are tried.
TRIED = [
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    *(pa.timestamp(unit) for unit in UNITS),
    *(pa.timestamp(unit, "UTC") for unit in UNITS),
]


def open_csv(path: str) -> "CsvBatches":
    """Open a file whose types have been found out by reading it once."""
    names, kinds = _found_kinds(path)
    return CsvBatches(_reader(path, dict(zip(names, kinds, strict=True))))


class CsvBatches:
    """The rows; floats that are not there are NaN."""

    def __init__(self, reader: pa.csv.CSVStreamingReader) -> None:
        self._reader = reader
        self.schema = reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reader:
            arrays = [
                pc.fill_null(array, float("nan")) if pa.types.is_floating(array.type) else array
                for array in batch.columns
            ]
            yield pa.record_batch(arrays, self.schema)


def check_header(path: str, most: int) -> None:
    """Raise `TooLarge` when the first line has more columns; before any parser has to take them."""
    with pa.memory_map(path) as file:
        head = file.read(BLOCK_BYTES).partition(b"\n")[0]
    if head.count(b",") >= most:
        raise TooLarge(f"It has {head.count(b',') + 1} columns; a data source has at most {most}.")


def _reader(path: str, kinds: dict[str, pa.DataType] | None) -> pa.csv.CSVStreamingReader:
    return pa.csv.open_csv(
        pa.memory_map(path),
        read_options=pa.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=kinds,
            null_values=NULLS,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
        ),
    )


def _found_kinds(path: str) -> tuple[list[str], list[pa.DataType]]:
    names = list(_reader(path, None).schema.names)
    guesses = [_Guess() for _ in names]
    for batch in _reader(path, dict.fromkeys(names, pa.string())):
        for guess, array in zip(guesses, batch.columns, strict=True):
            guess.look(array)
    return names, [guess.kind for guess in guesses]


class _Guess:
    """The type of a column: the first of `TRIED`, or else texts, that took all values so far."""

    def __init__(self) -> None:
        self._left = [*TRIED]
        self._seen = False

    @property
    def kind(self) -> pa.DataType:
        if not self._seen:
            return pa.null()
        return self._left[0] if self._left else pa.string()

    def look(self, texts: pa.Array) -> None:
        """Go on to a type that takes these as well."""
        self._seen = self._seen or texts.null_count < len(texts)
        while self._left and not _takes(self._left[0], texts):
            self._left.pop(0)


def _takes(kind: pa.DataType, texts: pa.Array) -> bool:
    if pa.types.is_boolean(kind):
        words = pc.is_in(pc.utf8_lower(texts), pa.array(["true", "false"]))
        return bool(pc.all(pc.or_(words, pc.is_null(texts)), min_count=0).as_py())
    with suppress(pa.ArrowInvalid):
        texts.cast(kind)
        return True
    return False
