"""Rows by columns, ranges and conditions, compared with NumPy and pandas."""

import io
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.storage import open_blobs, open_records
from bokeh_data import columnstore, formats, queries
from bokeh_data.columns import Column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.filters import parse
from bokeh_data.opened import Opener
from bokeh_data.packing import read_packed
from bokeh_data.queries import Query, Result, parse_rows, run
from bokeh_data.records import Records
from bokeh_data.values import Values, from_arrow


class Table:
    """A table on a storage, and the same in Arrow."""

    def __init__(self, records: Records, **columns: Any) -> None:
        self.records = records
        self.opener = Opener(records, 64 << 20)
        self.arrow = pa.table(columns)
        store = ColumnStore(records)
        self.columns: dict[str, Column] = {
            name: store.make("ada", from_arrow(self.arrow[name].combine_chunks())) for name in columns
        }

    def run(self, *where: str, columns: str = "", rows: str = ":", limit: int | None = None) -> Result:
        conditions = tuple(condition for text in where for condition in parse(text))
        names = tuple(columns.split(",")) if columns else tuple(self.columns)
        return run(self.opener, self.columns, Query(names, parse_rows(rows), conditions, limit))

    def read(self, *where: str, **asked: Any) -> pa.Table:
        return arrow_of(self.run(*where, **asked))


def arrow_of(result: Result) -> pa.Table:
    return pa.ipc.open_stream(b"".join(formats.arrow_blocks(result))).read_all()


@pytest.fixture
def table(records: Records, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr(columnstore, "CHUNK_BYTES", 8192)
    monkeypatch.setattr(queries, "MAX_BATCH", 700)
    n = 5000
    random = np.random.default_rng(0)
    floats = random.normal(size=n)
    floats[random.random(n) < 0.1] = np.nan
    floats[:2] = np.inf, -np.inf
    times = np.datetime64("2024-01-01", "ms") + np.arange(n) * 60_000
    names = [None if i % 7 == 0 else f"{'=+ab'[i % 4]}{i % 13}" for i in range(n)]
    return Table(
        records,
        i=np.arange(n),
        u=random.integers(0, 255, n, np.uint8),
        f=floats,
        t=times,
        name=pa.array(names),
        kind=pa.array(names).dictionary_encode(),
        maybe=pa.array([None if i % 3 else i for i in range(n)]),
        flag=np.arange(n) % 2 == 0,
    )


WHERE = {
    "i >= 4990": pc.field("i") >= 4990,
    "i < 3.5": pc.field("i") < 3.5,
    "i between 10 and 20": (pc.field("i") >= 10) & (pc.field("i") <= 20),
    "i BETWEEN 10.5 AND 20.5": (pc.field("i") >= 11) & (pc.field("i") <= 20),
    "u = 300": pc.field("i") < 0,
    "u != 7.5": pc.field("i") >= 0,
    "u in (1, 2, 1000, 2.5)": pc.field("u").isin([1, 2]),
    "f > 2": pc.field("f") > 2.0,
    "f != 0": ~pc.is_nan(pc.field("f")),
    "f is null": pc.is_nan(pc.field("f")),
    "f is not null": ~pc.is_nan(pc.field("f")),
    "t < 2024-01-01T01:30": pc.field("t") < pd.Timestamp("2024-01-01T01:30"),
    "t >= 1704070800000": pc.field("t") >= pd.Timestamp("2024-01-01T01:00"),
    "name = a2": pc.field("name") == "a2",
    "name in ('a2', \"=4\", nothing)": pc.field("name").isin(["a2", "=4"]),
    "name is null": pc.field("name").is_null(),
    "name >= b": pc.field("name") >= "b",
    "kind = a2": pc.field("name") == "a2",
    "maybe > 4000": pc.field("maybe") > 4000,
    "maybe is null": pc.field("maybe").is_null(),
    "flag = true": pc.field("flag"),
}


@pytest.mark.parametrize("text", WHERE)
def test_conditions(table: Table, text: str) -> None:
    found, expected = table.read(text), table.arrow.filter(WHERE[text])
    assert found["i"].to_pylist() == expected["i"].to_pylist()
    assert len(expected) > 0 or "300" in text
    for name in ("name", "maybe", "t", "flag"):
        assert found[name].to_pylist() == expected[name].to_pylist()
    assert found["kind"].to_pylist() == expected["kind"].to_pylist()


def test_conditions_are_anded(table: Table) -> None:
    found = table.read("i >= 100", "i < 200", "flag = true", "name is not null", columns="name,i")
    assert found.column_names == ["name", "i"]
    assert found["i"].to_pylist() == [i for i in range(100, 200, 2) if i % 7]


@pytest.mark.parametrize(
    "rows", [":", "0:0", "10:20", "4990:", ":7", "0:5000:999", "3:4000:7", "0:1000000000000000000"]
)
@pytest.mark.parametrize("limit", [None, 0, 3, 100_000])
def test_ranges(table: Table, rows: str, limit: int | None) -> None:
    result = table.run(rows=rows, limit=limit)
    expected = np.arange(5000)[parse_rows(rows)][:limit]
    found = arrow_of(result)
    assert found["i"].to_pylist() == expected.tolist()
    assert found["name"].to_pylist() == table.arrow["name"].take(expected).to_pylist()
    assert result.rows == len(expected)


def test_few_rows_are_read_where_few_can_match(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = queries._read

    def counted(opener: Any, columns: Any, rows: range) -> Any:
        read.append(len(rows))
        return real(opener, columns, rows)

    monkeypatch.setattr(queries, "_read", counted)
    table.read("i between 2100 and 2110")
    assert sum(read) <= 1024
    read.clear()
    table.read("i > 10000")
    assert not read


RARE = {
    "ns < 9999-12-31": [0, 1],
    "ns > 9999-12-31": [],
    "ns != 9999-12-31": [0, 1],
    "ns >= 1500-01-01": [0, 1],
    "ns in (2020-01-01, 9999-12-31)": [0],
    "ns <= 99999999999999999999999": [0, 1],
    "s = 2020-01-01T00:00:00.5": [],
    "s >= 2020-01-01T00:00:00.5": [1],
    "lasts > 99999999999999999999999": [],
    "half >= 1": [0],
    "half = 0.1": [1],
    "half in (1, 2, 1e9)": [0],
    "half != 1": [1],
    "half is null": [2],
}


@pytest.mark.parametrize("text", RARE)
def test_times_of_any_year_and_small_floats(records: Records, text: str) -> None:
    times = np.array(["2020-01-01T00:00:00", "2021-06-01T00:00:01", "NaT"], "M8[s]")
    table = Table(
        records,
        i=[0, 1, 2],
        ns=times.astype("M8[ns]"),
        s=times,
        lasts=np.array([1, 2, "NaT"], "m8[s]"),
        half=np.array([1, 0.1, np.nan], np.float16),
    )
    assert table.read(text, columns="i")["i"].to_pylist() == RARE[text]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("i", "no condition"),
        ("i between 3", "between a and b"),
        ("i in 3", "parentheses"),
        ("i is 3", "is null"),
        ("i = soon", "cannot be compared"),
        ("t = soon", "cannot be compared"),
        ("t > NaT", "cannot be compared"),
        ("i < nan", "finite"),
        ("flag = 7", "cannot be compared"),
    ],
)
def test_conditions_that_make_no_sense(table: Table, where: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        table.read(where)


@pytest.mark.parametrize("rows", ["5", "a:b", "-1:5", "0:5:0", "::", "0:" + "9" * 40])
def test_ranges_that_make_no_sense(rows: str) -> None:
    with pytest.raises(Invalid, match="from:to"):
        parse_rows(rows)


def test_times_in_two_dimensions(records: Records) -> None:
    times = np.arange(6).astype("M8[s]").reshape(3, 2)
    table = Table(records, i=[0, 1, 2])
    table.columns["t"] = ColumnStore(records).make("ada", Values("datetime64[s]", times))
    assert table.read("i > 0")["t"].to_pylist() == times[1:].tolist()


def test_names_in_quotes() -> None:
    [condition] = parse('"a = ""b"" in" = "x, y"')
    assert (condition.column, condition.op, condition.values) == ('a = "b" in', "=", ("x, y",))
    assert parse("inside in (1)")[0].column == "inside"
    assert parse("a<=-1.5")[0].values == ("-1.5",)


def test_columns_must_go_together(table: Table, records: Records) -> None:
    table.columns["short"] = ColumnStore(records).make("ada", from_arrow(pa.array([1, 2])))
    with pytest.raises(Invalid, match="length"):
        table.read()


def test_csv_holds_no_formula(table: Table) -> None:
    data = b"".join(formats.csv_blocks(table.run(columns="i,name,t,f")))
    found = pd.read_csv(io.BytesIO(data))
    assert len(found) == 5000
    assert not found["name"].dropna().str.match(r"^[=+\-@]").any()
    assert found["name"].dropna().str.startswith("'=").any()
    assert found["t"][1] == "2024-01-01T00:01:00.000"
    np.testing.assert_array_equal(found["f"], table.arrow["f"].to_numpy())


def test_parquet(table: Table) -> None:
    found = pa.parquet.read_table(io.BytesIO(b"".join(formats.parquet_blocks(table.run("i < 1500")))))
    assert found["i"].to_pylist() == list(range(1500))
    assert found["name"].to_pylist() == table.arrow["name"].to_pylist()[:1500]


def test_json(table: Table) -> None:
    found = json.loads(b"".join(formats.json_blocks(table.run(rows="0:30"))))
    assert found["rows"] == 30
    columns = found["columns"]
    assert columns["i"] == list(range(30))
    assert columns["f"][0] == {"type": "number", "value": "+inf"}
    expected = table.arrow["f"].to_pylist()[2:30]
    assert columns["f"][2:] == [None if math.isnan(value) else value for value in expected]
    assert columns["t"][1] == "2024-01-01T00:01:00.000"
    assert columns["name"][:2] == [None, table.arrow["name"][1].as_py()]


def test_packed(table: Table) -> None:
    blocks, size = formats.packed_blocks(table.run(rows="0:100"))
    data = b"".join(blocks)
    assert len(data) == size
    value, buffers = read_packed(data)
    leaf = value["columns"]["t"]
    assert leaf["dtype"] == "float64"
    times = np.frombuffer(buffers[leaf["array"]["data"]["id"]])
    assert times[1] - times[0] == 60_000
    assert value["columns"]["name"][1] == table.arrow["name"][1].as_py()


def test_too_much_to_be_whole(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_WHOLE_BYTES", 10_000)
    with pytest.raises(TooLarge, match="Arrow stream"):
        list(formats.json_blocks(table.run()))
    assert len(table.read()) == 5000


def test_nothing_at_all(records: Records) -> None:
    empty = Table(records, x=np.empty(0), s=pa.array([], pa.string()))
    for blocks in (formats.arrow_blocks, formats.parquet_blocks, formats.csv_blocks, formats.json_blocks):
        assert b"".join(blocks(empty.run()))
    assert empty.read("x > 1").num_rows == 0


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.integers(-5, 5), st.none()), min_size=1, max_size=200),
    low=st.floats(-6, 6),
    high=st.floats(-6, 6),
    step=st.integers(1, 5),
    nulls=st.booleans(),
)
def test_any_values(
    tmp_path_factory: Any, values: list[int | None], low: float, high: float, step: int, nulls: bool
) -> None:
    storage = f"local://{tmp_path_factory.mktemp('queries')}"
    records = Records(open_records(storage, "data"), open_blobs(storage, "data"))
    array = pa.array(values, pa.int64()) if nulls else np.array([v or 0 for v in values])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        patch.setattr(columnstore, "CHUNK_BYTES", 128)
        table = Table(records, v=array)
    expected = [v for v in table.arrow["v"].to_pylist()[::step] if v is not None and low <= v < high]
    assert table.read(f"v >= {low!r}", f"v < {high!r}", rows=f"::{step}")["v"].to_pylist() == expected
