"""Values of every type of Arrow are either stored and written in every format, or refused with a reason."""

import io
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytz import UnknownTimeZoneError  # type: ignore[import-untyped]  # it has no types

from bokeh_common.errors import Invalid
from bokeh_data.arrow.python_values import python_values
from bokeh_data.arrow.stored_types import has_missing_categories, stored_type, to_stored
from bokeh_data.columns.arrow_chunks import validate_chunk, write_chunk
from bokeh_data.columns.values import Values, from_arrow, to_arrow
from bokeh_data.conditions.column_condition import ColumnCondition
from bokeh_data.conditions.expression import Condition
from bokeh_data.ingest.chunker import Chunker
from bokeh_data.ingest.json_reader import read_json
from bokeh_data.ingest.pieces import decode_piece, join
from bokeh_data.queries.output_formats import OUTPUT_FORMATS, OutputFormat
from bokeh_data.queries.query import QueryResult
from tests.support.arrow_values import all_arrays

ARRAYS = all_arrays()

#: Names of types that no column has, and of what contains them.
REFUSED = ("interval", "union", "struct with", "no lists of lists")


def is_refused(name: str) -> bool:
    return any(part in name for part in REFUSED) or name == "list[0]<interval>"


ACCEPTED = {name: array for name, array in ARRAYS.items() if not is_refused(name)}


def parts_of(array: pa.Array) -> Iterator[pa.Array]:
    """Yield all rows, those after the first, and none."""
    yield array
    yield array[min(1, len(array)) :]
    yield array[:0]


def stored(array: pa.Array) -> Values:
    """Return values as the sandbox process cuts them into chunks."""
    values = to_stored(array)
    chunker = Chunker(pa.schema([("c", values.type)]))
    pieces = [*chunker.add(pa.record_batch([values], ["c"])), *chunker.finish()]
    return join([decode_piece(piece) for piece in pieces])


def plain(value: Any) -> Any:
    """Return a value as columns have it: None if it is missing, durations for times of day."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, Decimal):
        return float(value) if float(value) == value else value
    if isinstance(value, time):
        return datetime.combine(date.min, value) - datetime.min
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    if isinstance(value, UUID):
        return value.bytes
    return None if isinstance(value, float) and math.isnan(value) else value


def rows_of(array: pa.Array) -> list[Any]:
    """Return values as Python has them; if their time zone is unknown, in UTC."""
    try:
        return [plain(item) for item in python_values(array)]
    except UnknownTimeZoneError:
        return rows_of(to_stored(array))


def written(values: Values, output_format: OutputFormat) -> bytes:
    result = QueryResult({"c": values[:0]}, iter([{"c": values}]))
    return b"".join(output_format.write(result).blocks)


@pytest.mark.parametrize("name", ACCEPTED)
def test_stored_values_are_equal(name: str) -> None:
    for array in parts_of(ACCEPTED[name]):
        assert to_stored(array).type == stored_type(array.type)
        found = rows_of(to_arrow(stored(array)))
        assert found == rows_of(array)


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_format_has_stored_values(name: str, tmp_path: Path) -> None:
    stored_parts = [stored(array) for array in parts_of(ACCEPTED[name])]
    for values, output_format in product(stored_parts, OUTPUT_FORMATS):
        data = written(values, output_format)
        if output_format.name == "json":
            (tmp_path / "c.json").write_bytes(data)
            if "year 11000" in name:  # that Arrow does not parse
                continue
            read = read_json(str(tmp_path / "c.json")).column("c").combine_chunks()
            assert rows_of(read) == rows_of(to_arrow(values))
        if output_format.name == "parquet":
            assert pq.read_metadata(io.BytesIO(data)).num_rows == len(values)
        if output_format.name == "arrow":
            read = pa.ipc.open_stream(data).read_all().column("c").combine_chunks()
            assert rows_of(read) == rows_of(to_arrow(values))


@pytest.mark.parametrize("name", [name for name in ARRAYS if is_refused(name)])
def test_other_types_are_refused(name: str) -> None:
    with pytest.raises(Invalid, match=r"^it holds .*; (convert|give|use)"):
        to_stored(ARRAYS[name])


@pytest.mark.parametrize("name", ACCEPTED)
def test_conditions_are_evaluated_or_refused(name: str) -> None:
    array = to_arrow(stored(ACCEPTED[name]))
    for op, values in (("=", ("1",)), ("is", ()), ("<", ("a",)), ("like", ("a",)), ("in", ("1", "2"))):
        try:
            condition = ColumnCondition(Condition("c", op, values), array.type)
        except Invalid:
            continue
        assert len(condition.evaluate(array)) == len(array)


@pytest.mark.parametrize("name", [name for name in ACCEPTED if "extension" not in name])
def test_chunks_of_clients_have_stored_types(name: str) -> None:
    array = ACCEPTED[name]
    arguments = write_chunk(array), f"arrow[{array.type}]", len(array)
    if stored_type(array.type) == array.type and not has_missing_categories(array):
        assert len(from_arrow(validate_chunk(*arguments))) == len(array)
    else:
        with pytest.raises(Invalid, match="; write"):
            validate_chunk(*arguments)
