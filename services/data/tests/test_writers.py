"""Output formats of queries, compared with pandas and Arrow."""

import io
import json
import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.arrow.python_values import python_values
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.packed import read_packed
from bokeh_data.ingest.json_reader import read_json
from bokeh_data.queries import writers
from bokeh_data.queries.csv_types import CsvTypes
from bokeh_data.queries.output_formats import output_formats
from bokeh_data.storage.repository import DataRepository
from tests.support.query_tables import QueryTable, create_mixed_table


@pytest.fixture
def table(repository: DataRepository, monkeypatch: pytest.MonkeyPatch) -> QueryTable:
    return create_mixed_table(repository, monkeypatch)


def test_csv_contains_no_formulas(table: QueryTable) -> None:
    data = b"".join(writers.write_csv(table.run(columns="i,name,t,f")).blocks)
    found = pd.read_csv(io.BytesIO(data))
    assert len(found) == 5000
    assert not found["name"].dropna().str.match(r"^[=+\-@]").any()
    assert found["name"].dropna().str.startswith("'=").any()
    assert found["t"][1] == "2024-01-01T00:01:00.000"
    np.testing.assert_array_equal(found["f"], table.arrow["f"].to_numpy())


@pytest.mark.parametrize("start", "=+-@＝＋－＠")  # noqa: RUF001  # full-width signs
def test_what_spreadsheets_take_for_a_formula_gets_an_apostrophe(start: str) -> None:
    batch = pa.record_batch({"x": [f"{start}1", f"'{start}1", "1"]})
    assert CsvTypes().convert(batch)["x"].to_pylist() == [f"'{start}1", f"''{start}1", "1"]


def test_parquet(table: QueryTable) -> None:
    found = pa.parquet.read_table(io.BytesIO(b"".join(writers.write_parquet(table.run("i < 1500")).blocks)))
    assert found["i"].to_pylist() == list(range(1500))
    assert found["name"].to_pylist() == table.arrow["name"].to_pylist()[:1500]


def test_json(table: QueryTable) -> None:
    found = json.loads(b"".join(writers.write_json(table.run(rows="0:30")).blocks))
    assert found["rows"] == 30
    columns = found["columns"]
    assert columns["i"] == list(range(30))
    assert columns["f"][:2] == ["Infinity", "-Infinity"]
    expected = table.arrow["f"].to_pylist()[2:30]
    assert columns["f"][2:] == [None if math.isnan(value) else value for value in expected]
    assert columns["t"][1] == "2024-01-01T00:01:00.000"
    assert columns["name"][:2] == [None, table.arrow["name"][1].as_py()]


def test_packed(table: QueryTable) -> None:
    blocks, size = writers.write_packed(table.run(rows="0:100"))
    data = b"".join(blocks)
    assert len(data) == size
    value, buffers = read_packed(data)
    leaf = value["columns"]["t"]
    assert leaf["dtype"] == "float64"
    times = np.frombuffer(buffers[leaf["array"]["data"]["id"]])
    assert times[1] - times[0] == 60_000
    assert value["columns"]["name"][1] == table.arrow["name"][1].as_py()


def test_json_is_limited_in_size(table: QueryTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MAX_BYTES_IN_MEMORY", 10_000)
    with pytest.raises(TooLarge, match="Arrow stream"):
        list(writers.write_json(table.run()).blocks)
    assert len(table.read()) == 5000


def test_tables_without_rows(repository: DataRepository) -> None:
    empty = QueryTable(repository, x=np.empty(0), s=pa.array([], pa.string()))
    for output_format in output_formats():
        assert b"".join(output_format.write(empty.run()).blocks)
    assert empty.read("x > 1").num_rows == 0


#: Fields of a struct.
FIELDS = {
    "a, b": pa.binary(), "t": pa.time64("ns"), 'q"': pa.duration("ns"),
    "u": pa.timestamp("ns", "Europe/Zurich"), "d": pa.date32(), "n": pa.decimal128(9, 2),
    "f": pa.list_(pa.float64()),
}  # fmt: skip

#: Columns that JSON has as text or as lists.
COLUMNS = {
    "floats": pa.array([math.inf, -math.inf, 1.5]),
    "lists": pa.array([[math.inf], None, [-math.inf, 1.0]]),
    "nested": pa.array([[["a", None]], [], [["Infinity"]]]),
    "large": pa.array([[[1], [2]], [], None], pa.large_list(pa.list_(pa.int64()))),
    "text": pa.array(["Infinity", "-Infinity", None]),
    "decimal": pa.array([Decimal("12345678901234567890.5"), None, Decimal("-0.1")]),
    "bytes": pa.array([b"ab", None, b"\xff"]),
    "times": pa.array([[datetime(2020, 1, 1, 1)], [], None], pa.list_(pa.timestamp("us"))),
    "days": pa.array([[date(2020, 1, 1)], [None], None]),
    "objects": pa.array([{"a": 1, "b": "x"}, None, {"a": 2, "b": None}]),
    "integers": pa.array([(1 << 60) + 1, None, 3]),
    "fields": pa.array(
        [
            dict(zip(FIELDS, (b"\xff", 10**13 + 1, 5, 1, 1, Decimal("0.10"), [math.inf]), strict=True)),
            None,
            dict.fromkeys(FIELDS),
        ],
        pa.struct(FIELDS.items()),
    ),
    "pairs": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.duration("ms"))),
}


def test_columns_in_json_are_read_again(repository: DataRepository, tmp_path: Path) -> None:
    table = QueryTable(repository, **COLUMNS)
    written = b"".join(writers.write_json(table.run()).blocks)
    (tmp_path / "x.json").write_bytes(written)
    found = read_json(str(tmp_path / "x.json"))
    for name in COLUMNS:
        read, given = (python_values(one[name].combine_chunks()) for one in (found, table.arrow))
        np.testing.assert_equal(read, given)
    assert found.schema.types == table.arrow.schema.types
    assert json.loads(written)["columns"]["lists"] == [["Infinity"], None, ["-Infinity", 1.0]]


def test_lists_in_csv_are_plain_json(repository: DataRepository) -> None:
    table = QueryTable(repository, x=pa.array([[math.inf, math.nan], [1.0]]))
    lines = b"".join(writers.write_csv(table.run()).blocks).decode().splitlines()
    assert lines == ["x", '"[""Infinity"", null]"', '"[1.0]"']


@pytest.mark.parametrize("name", ["list<item: " * 5000, "decimal128(99, 1)", "struct<a: int64>", "nothing"])
def test_unknown_types_of_values_are_rejected(name: str) -> None:
    with pytest.raises(Invalid):
        from_json("x", {"values": [1], "dtype": f"arrow[{name}]"}, [])
