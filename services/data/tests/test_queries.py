"""Queries, compared with NumPy, pandas and Arrow."""

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

from bokeh_common.errors import Invalid
from bokeh_common.storage import open_blobs, open_records
from bokeh_data.columns.values import Values, from_arrow
from bokeh_data.conditions.expression import Condition
from bokeh_data.conditions.parser import parse_condition
from bokeh_data.queries.query import parse_row_range
from bokeh_data.storage import column_store
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository
from tests.support.query_tables import LARGE, QueryTable, arrow_of, create_mixed_table


@pytest.fixture
def table(repository: DataRepository, monkeypatch: pytest.MonkeyPatch) -> QueryTable:
    return create_mixed_table(repository, monkeypatch)


CONDITIONS = {
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
    f"maybe > {LARGE + 4000}": pc.field("maybe") > LARGE + 4000,
    "maybe is null": pc.field("maybe").is_null(),
    "flag = true": pc.field("flag"),
    "not f > 2": pc.field("f") <= 2.0,
    "f not in (1, 2)": ~pc.is_nan(pc.field("f")),
    "u not in (1, 2, 2.5)": ~pc.field("u").isin([1, 2]),
    "not (i >= 10 and i <> 20)": (pc.field("i") < 10) | (pc.field("i") == 20),
    "i between 10 and 20 or i > 4990": ((pc.field("i") >= 10) & (pc.field("i") <= 20))
    | (pc.field("i") > 4990),
    "name = a2 or flag = true and i < 9": (pc.field("name") == "a2")
    | (pc.field("flag") & (pc.field("i") < 9)),
    "maybe not between 10 and 4000": (pc.field("maybe") < 10) | (pc.field("maybe") > 4000),
    "name like 'a_'": pc.match_like(pc.field("name"), "a_"),
    "kind not like 'a%'": ~pc.match_like(pc.field("name"), "a%"),
    "kind contains '+'": pc.match_substring(pc.field("name"), "+"),
    "name not in (a2, '=4')": ~pc.field("name").isin(["a2", "=4"]) & pc.field("name").is_valid(),
    "t = '2024-01-01 02:00+01:00'": pc.field("t") == pd.Timestamp("2024-01-01T01:00"),
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(table: QueryTable, text: str) -> None:
    found, expected = table.read(text), table.arrow.filter(CONDITIONS[text])
    assert found["i"].to_pylist() == expected["i"].to_pylist()
    assert len(expected) > 0 or "300" in text
    for name in ("name", "maybe", "t", "flag"):
        assert found[name].to_pylist() == expected[name].to_pylist()
    assert found["kind"].to_pylist() == expected["kind"].to_pylist()


def test_all_conditions_must_be_met(table: QueryTable) -> None:
    found = table.read("i >= 100", "i < 200", "flag = true", "name is not null", columns="name,i")
    assert found.column_names == ["name", "i"]
    assert found["i"].to_pylist() == [i for i in range(100, 200, 2) if i % 7]


@pytest.mark.parametrize(
    "rows", [":", "0:0", "10:20", "4990:", ":7", "0:5000:999", "3:4000:7", "0:1000000000000000000"]
)
@pytest.mark.parametrize("limit", [None, 0, 3, 100_000])
def test_ranges(table: QueryTable, rows: str, limit: int | None) -> None:
    result = table.run(rows=rows, limit=limit)
    expected = np.arange(5000)[parse_row_range(rows)][:limit]
    found = arrow_of(result)
    assert found["i"].to_pylist() == expected.tolist()
    assert found["name"].to_pylist() == table.arrow["name"].take(expected).to_pylist()
    assert result.rows == len(expected)


def test_only_blocks_that_may_match_are_read(table: QueryTable, rows_read: list[int]) -> None:
    table.read("i between 2100 and 2110")
    assert sum(rows_read) <= 1024
    rows_read.clear()
    table.read("i > 10000")
    assert not rows_read


RARE_CONDITIONS = {
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


@pytest.mark.parametrize("text", RARE_CONDITIONS)
def test_conditions_on_times_of_any_year_and_float16(repository: DataRepository, text: str) -> None:
    times = np.array(["2020-01-01T00:00:00", "2021-06-01T00:00:01", "NaT"], "M8[s]")
    table = QueryTable(
        repository,
        i=[0, 1, 2],
        ns=times.astype("M8[ns]"),
        s=times,
        lasts=np.array([1, 2, "NaT"], "m8[s]"),
        half=np.array([1, 0.1, np.nan], np.float16),
    )
    assert table.read(text, columns="i")["i"].to_pylist() == RARE_CONDITIONS[text]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("i", "not a condition"),
        ("i between 3", "between a and b"),
        ("i in 3", "parentheses"),
        ("i is 3", "is null"),
        ("i = soon", "cannot be compared"),
        ("t = soon", "cannot be compared"),
        ("t > NaT", "cannot be compared"),
        ("i < nan", "finite"),
        ("f < nan", "is null"),
        ("f = 1_000", "cannot be compared"),
        ("i like 5", "is not text"),
        ("name like '" + "a" * 1001 + "'", "at most 1000"),
        ("t > now", "cannot be compared"),
        ("flag = 7", "cannot be compared"),
    ],
)
def test_invalid_conditions_are_rejected(table: QueryTable, where: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        table.read(where)


@pytest.mark.parametrize("rows", ["5", "a:b", "-1:5", "0:5:0", "::", "0:" + "9" * 40])
def test_invalid_ranges_are_rejected(rows: str) -> None:
    with pytest.raises(Invalid, match="from:to"):
        parse_row_range(rows)


def test_times_without_an_offset_are_those_of_the_time_zone(repository: DataRepository) -> None:
    noon = pa.array([1782900000, 1782903600], pa.timestamp("s", "Europe/Zurich"))
    table = QueryTable(repository, i=[0, 1], t=noon)
    for text in ("2026-07-01 12:00", "2026-07-01T10:00Z", "2026-07-01T04:00-06:00", "1782900000"):
        assert table.read(f"t = {text}")["i"].to_pylist() == [0]


def test_times_in_two_dimensions(repository: DataRepository) -> None:
    times = np.arange(6).astype("M8[s]").reshape(3, 2)
    table = QueryTable(repository, i=[0, 1, 2])
    table.columns["t"] = ColumnStore(repository).create("ada", Values("datetime64[s]", times))
    assert table.read("i > 0")["t"].to_pylist() == times[1:].tolist()


def test_quoted_names_and_values() -> None:
    assert parse_condition('"a = ""b"" in" = "x, y"') == Condition('a = "b" in', "=", ("x, y",))
    assert parse_condition("inside in (1)") == Condition("inside", "in", ("1",))
    assert parse_condition("a<=-1.5") == Condition("a", "<=", ("-1.5",))


def test_columns_of_different_length_are_rejected(table: QueryTable, repository: DataRepository) -> None:
    table.columns["short"] = ColumnStore(repository).create("ada", from_arrow(pa.array([1, 2])))
    with pytest.raises(Invalid, match="length"):
        table.read()


@settings(max_examples=40)
@given(
    values=st.lists(st.one_of(st.integers(-5, 5), st.none()), min_size=1, max_size=200),
    low=st.floats(-6, 6),
    high=st.floats(-6, 6),
    step=st.integers(1, 5),
    nulls=st.booleans(),
)
def test_conditions_on_any_values(
    tmp_path_factory: Any, values: list[int | None], low: float, high: float, step: int, nulls: bool
) -> None:
    storage = f"local://{tmp_path_factory.mktemp('queries')}"
    repository = DataRepository(open_records(storage, "data"), open_blobs(storage, "data"))
    array = pa.array(values, pa.int64()) if nulls else np.array([v or 0 for v in values])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        patch.setattr(column_store, "CHUNK_BYTES", 128)
        table = QueryTable(repository, v=array)
    expected = [v for v in table.arrow["v"].to_pylist()[::step] if v is not None and low <= v < high]
    assert table.read(f"v >= {low!r}", f"v < {high!r}", rows=f"::{step}")["v"].to_pylist() == expected
