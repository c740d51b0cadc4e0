"""`DataSource(name, ...)`: one source for each name, sources without rows, and times that are appended."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import requests

import bokeh_cloud
from bokeh_cloud.data import catalog

NOW = datetime(2027, 1, 1, 12, 0, 0, 123456)
BERLIN = ZoneInfo("Europe/Berlin")
DTYPES = {
    "a": float,
    "b": str,
    "c": "int32",
    "d": bool,
    "e": datetime,
    "f": "datetime64[ms]",
    "g": "datetime64[us, Europe/Berlin]",
    "h": timedelta,
    "i": date,
    "j": "float32",
    "k": np.dtype("M8[ns]"),
    "l": "string",
}


def named(server: bokeh_cloud.Server, name: str) -> list[str]:
    return [source.source_id for source in server.data() if source.name == name]


def test_a_program_that_runs_twice_has_one_source(server: bokeh_cloud.Server) -> None:
    first = server.DataSource("weather", t=[1.0, 2.0], v=[1, 2])
    second = server.DataSource("weather", pd.DataFrame({"t": [5.0], "v": [0.5]}).set_index("t"))
    assert first.source_id == second.source_id
    assert named(server, "weather") == [first.source_id]
    assert (second.version, second.to_pandas()["v"].tolist()) == (2, [0.5])
    assert second.at(1).to_pandas()["v"].tolist() == [1, 2]


@pytest.mark.parametrize("how", ["dtypes", "lists", "arrays"])
def test_a_program_that_declares_its_source_keeps_its_rows(server: bokeh_cloud.Server, how: str) -> None:
    declared: dict[str, dict[str, Any]] = {
        "dtypes": {"dtypes": {"t": datetime, "v": float}},
        "lists": {"t": [], "v": []},
        "arrays": {"t": np.array([], "M8[us]"), "v": np.array([])},
    }
    for run in range(3):
        source = server.DataSource(f"restarted {how}", **declared[how])
        source.stream(t=[NOW + timedelta(seconds=run)], v=[float(run)])
    assert source.to_pandas()["v"].tolist() == [0, 1, 2]
    assert len(named(server, f"restarted {how}")) == 1
    assert source.version == 4


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"t": [1]}, "it has a column 'v', these do not"),
        ({"t": [1], "v": ["a"], "w": [1]}, "it has no column 'w'; its column 't' holds times without"),
        ({"t": [NOW], "v": [1]}, "'v' holds strings, these are numbers"),
        (
            {"t": [NOW.replace(tzinfo=UTC)], "v": ["a"]},
            "without a time zone, these are times with",
        ),
        ({"dtypes": {"t": datetime, "v": float}}, "'v' holds strings, these are numbers"),
        ({name: [1] for name in "abcdefgh"}, "and 5 more"),
    ],
)
def test_other_columns_are_refused_with_the_way_out(
    server: bokeh_cloud.Server, columns: dict[str, Any], message: str
) -> None:
    source = server.DataSource("other columns", t=[NOW], v=["a"])
    with pytest.raises(bokeh_cloud.CloudError, match=message) as caught:
        server.DataSource("other columns", **columns)
    assert "source('other columns').replace({...})" in str(caught.value)
    assert source.refresh().to_pandas()["v"].tolist() == ["a"]
    if "dtypes" not in columns:
        replaced = server.source("other columns").replace(columns)
        assert replaced.source_id == source.source_id
        source.refresh().replace({"t": [NOW], "v": ["a"]})


def test_programs_that_start_at_once_have_one_source(server: bokeh_cloud.Server) -> None:
    def create(number: int) -> str:
        source = bokeh_cloud.Server().DataSource("at once", dtypes={"n": int})
        source.stream(n=[number])
        return source.source_id

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(create, range(6)))
    assert list(found) == named(server, "at once")
    assert sorted(server.source("at once").to_pandas()["n"]) == list(range(6))


def test_sources_without_rows_have_types(server: bokeh_cloud.Server) -> None:
    source = server.DataSource("typed", dtypes=DTYPES)
    assert {name: column.dtype for name, column in source.columns().items()} == {
        "a": "float64",
        "b": "arrow[string]",
        "c": "int32",
        "d": "bool",
        "e": "datetime64[us]",
        "f": "datetime64[ms]",
        "g": "datetime64[us, Europe/Berlin]",
        "h": "timedelta64[us]",
        "i": "datetime64[D]",
        "j": "float32",
        "k": "datetime64[ns]",
        "l": "arrow[string]",
    }
    row = {"a": 1, "b": "b", "c": 1, "d": True, "e": NOW, "f": NOW, "g": NOW.replace(tzinfo=BERLIN)}
    row |= {"h": timedelta(seconds=1), "i": date(2027, 1, 1), "j": 0.5, "k": NOW, "l": None}
    source.stream({name: [value] for name, value in row.items()})
    with server.DataSource("typed", dtypes=DTYPES).writer() as writer:
        writer.stream({name: [value] for name, value in row.items()})
    found = source.refresh().to_pandas()
    assert len(found) == 2
    assert found.iloc[0].equals(found.iloc[1])


@pytest.mark.parametrize("dtype", [object, "abc", "complex64x", list])
def test_dtypes_that_cannot_be_stored(server: bokeh_cloud.Server, dtype: Any) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match=r"The dtype of 't' is .*: write float"):
        server.DataSource("of no dtype", dtypes={"t": dtype})
    with pytest.raises(bokeh_cloud.CloudError, match="either dtypes or columns"):
        server.DataSource("of no dtype", dtypes={"t": float}, y=[1])
    assert not named(server, "of no dtype")


def test_a_column_may_have_the_name_dtypes(server: bokeh_cloud.Server) -> None:
    assert server.DataSource("named so", dtypes=[1, 2]).column_names == ["dtypes"]


TIMES: list[tuple[Any, Any, str]] = [
    ([], NOW, "datetime64[us]"),
    ([], NOW.replace(tzinfo=UTC), "datetime64[us, UTC]"),
    ([], NOW.replace(tzinfo=BERLIN), "datetime64[us, Europe/Berlin]"),
    (np.array([], "M8[s]"), NOW, "datetime64[us]"),
    (np.array([], "M8[ms]"), np.datetime64(NOW, "ms"), "datetime64[ms]"),
    ([np.datetime64(NOW, "ns")], NOW, "datetime64[ns]"),
    ([NOW], np.datetime64(NOW, "ms"), "datetime64[us]"),
    ([NOW], np.datetime64(NOW, "s"), "datetime64[us]"),
    ([np.datetime64(NOW, "ms")], NOW.replace(microsecond=5000), "datetime64[ms]"),
    ([NOW.replace(tzinfo=BERLIN)], NOW.replace(tzinfo=UTC), "datetime64[us, Europe/Berlin]"),
    ([pd.Timestamp(NOW)], pd.Timestamp(NOW), "datetime64[us]"),
]
REFUSED: list[tuple[Any, Any, str]] = [
    ([np.datetime64(NOW, "ms")], NOW, "np.asarray(values, 'datetime64[ms]')"),
    ([np.datetime64(NOW, "s")], NOW, "np.asarray(values, 'datetime64[s]')"),
    ([NOW], np.datetime64("2027-01-01T00:00:00.000000001"), "np.asarray(values, 'datetime64[us]')"),
    ([NOW], NOW.replace(tzinfo=UTC), "write time.replace(tzinfo=None)"),
    ([NOW.replace(tzinfo=BERLIN)], NOW, "write datetime.now(UTC)"),
]


def append(source: Any, how: str, value: Any) -> None:
    if how == "stream":
        source.stream(t=[value])
        return
    with source.writer() as writer:
        writer.stream(t=[value])
    source.refresh()


@pytest.mark.parametrize("how", ["stream", "writer"])
@pytest.mark.parametrize(("first", "then", "dtype"), TIMES)
def test_times_are_appended(server: bokeh_cloud.Server, how: str, first: Any, then: Any, dtype: str) -> None:
    source = (
        server.source("appended times").replace({"t": first}) if named(server, "appended times") else None
    )
    source = source or server.DataSource("appended times", t=first)
    append(source, how, then)
    assert source.columns()["t"].dtype == dtype
    stored = pd.Timestamp(source.to_pandas()["t"].iloc[-1])
    assert stored == pd.Timestamp(then)


@pytest.mark.parametrize("how", ["stream", "writer"])
@pytest.mark.parametrize(("first", "then", "line"), REFUSED)
def test_times_that_do_not_fit_are_refused_with_the_line_to_write(
    server: bokeh_cloud.Server, how: str, first: Any, then: Any, line: str
) -> None:
    source = server.source("refused").replace({"t": first}) if named(server, "refused") else None
    source = source or server.DataSource("refused", t=first)
    with pytest.raises(bokeh_cloud.CloudError) as caught:
        append(source, how, then)
    assert line in str(caught.value)
    assert len(source.refresh().to_pandas()) == 1


def test_of_several_sources_of_a_name_the_newest_is_used(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources may be renamed to a name that another one has."""
    monkeypatch.setattr(catalog, "AT_THE_SAME_TIME", timedelta())
    first, second = server.DataSource("several", x=[1]), server.DataSource("several, too", x=[2])
    second.rename("several")
    assert server.DataSource("several", x=[3]).source_id == server.source("several").source_id
    assert first.refresh().to_pandas()["x"].tolist() == [1]
    assert second.refresh().to_pandas()["x"].tolist() == [3]


def test_sources_are_looked_up_by_name_and_id(server: bokeh_cloud.Server) -> None:
    first = server.DataSource("looked up, by & name", x=[1.0])
    other = server.DataSource("a" * 26, x=[2.0])
    for name in (first.name, first.source_id):
        assert server.source(str(name)).source_id == first.source_id
    assert server.source("a" * 26).source_id == other.source_id, "a name that looks like an id"
    found = requests.get(f"{server.url}/local/data", params={"name": first.name}, timeout=30).json()
    assert [source["id"] for source in found["sources"]] == [first.source_id]
    with pytest.raises(bokeh_cloud.NotFound, match="no data source 'looked'"):
        server.source("looked")
