"""The data of published figures: dates are dates, and numbers are numbers."""

import json
import subprocess
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import bokeh
import numpy as np
import pandas as pd
import polars as pl
import pytest
import requests
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.data import reading
from tests.client.command import COMMAND

DAYS = pd.date_range("2026-01-01T00:00:00.123456", periods=3, unit="us")
ZONED = pd.Series(DAYS.tz_localize("Europe/Zurich"))
PYTHON = [datetime(2026, 1, 1, 12, 0, 0, 5), None, datetime(1950, 6, 1)]
COLUMNS: dict[str, tuple[Any, str, Any]] = {
    "array": (np.asarray(DAYS), "datetime64[us]", list(DAYS)),
    "nanoseconds": (np.asarray(DAYS, "M8[ns]"), "datetime64[us]", list(DAYS)),
    "days": (np.asarray(DAYS, "M8[D]"), "datetime64[D]", list(DAYS.floor("D"))),
    "series": (pd.Series(DAYS), "datetime64[us]", list(DAYS)),
    "zoned": (ZONED, "datetime64[us, Europe/Zurich]", list(ZONED)),
    "polars": (pl.Series(list(DAYS)), "datetime64[us]", list(DAYS)),
    "list": (PYTHON, "datetime64[us]", [PYTHON[0], pd.NaT, PYTHON[2]]),
    "aware": ([t and t.replace(tzinfo=timezone(timedelta(hours=2))) for t in PYTHON], "datetime64[us]", [
        PYTHON[0], pd.NaT, PYTHON[2]]),
    "timestamps": ([*DAYS[:2], pd.NaT], "datetime64[us]", [*DAYS[:2], pd.NaT]),
    "span": (np.array([1, 2, 3], "m8[s]"), "timedelta64[s]", [timedelta(seconds=s) for s in (1, 2, 3)]),
    "clock": ([time(1), time(2), time(3)], "timedelta64[us]", [timedelta(hours=h) for h in (1, 2, 3)]),
    "dates": ([date(2026, 1, d) for d in (1, 2, 3)], "packed", ["2026-01-01", "2026-01-02", "2026-01-03"]),
    "dates of a frame": (np.array([date(2026, 1, 1), None, date(1950, 6, 1)], object), "datetime64[D]", [
        datetime(2026, 1, 1), pd.NaT, datetime(1950, 6, 1)]),
    "dates and NaN": (pd.Series([date(2026, 1, 1), float("nan"), date(1950, 6, 1)], dtype=object), "packed", [
        "2026-01-01", None, "1950-06-01"]),
    "text of a frame": (pd.Series(["a", None, "null"]), "packed", ["a", None, "null"]),
    "truth of a frame": (pd.Series([True, None, False], dtype=object), "packed", [True, None, False]),
    "lists and NaN": (pd.Series([["a", None], float("nan"), ["b"]]), "packed", [["a", None], None, ["b"]]),
    "mixed": (["a", 1, float("nan")], "packed", None),
    "numbers": ([1, float("nan"), 2.5], "packed", [1, None, 2.5]),
    "maps": ([{"a": 1}, {"b": [2]}, {}], "packed", None),
}  # fmt: skip
if bokeh.__version__.startswith("3.4."):
    del COLUMNS["timestamps"]  # it serialises NaT in a list as a number that JSON does not have


def publish(server: bokeh_cloud.Server, columns: Sequence[str], name: str) -> bokeh_cloud.Plot:
    data: Any = {"y": np.arange(3.0), **{column: COLUMNS[column][0] for column in columns}}
    fig = figure()
    fig.scatter(columns[0], "y", source=ColumnDataSource(data, name="walk"))
    return server.publish(fig, name)


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return list(found) == expected
    return bool(pd.isna(found)) if expected is None or expected is pd.NaT else bool(found == expected)


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("maps", "mixed")])
def test_columns_have_their_types(server: bokeh_cloud.Server, column: str) -> None:
    _, dtype, expected = COLUMNS[column]
    source = publish(server, [column], f"typed {column}").source("walk")
    assert source.columns()[column].dtype == dtype
    frame = source.to_pandas()
    assert all(map(same, frame[column], expected)), frame[column].tolist()
    some = source.to_pandas([column, "y"], where="y >= 1")
    assert all(map(same, some[column], expected[1:])), some[column].tolist()


def test_files_have_dates_and_numbers(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    names = [name for name in COLUMNS if name not in ("clock", "span")]
    source = publish(server, names, "in files").source()
    url = f"{server.url}/{server.user_id}/data/{source.source_id}"
    text = requests.get(f"{url}.csv", timeout=30).text
    assert "e+12" not in text
    assert "entries" not in text
    assert "2026-01-01T00:00:00.123456" in text
    columns = json.loads(requests.get(f"{url}.json", timeout=30).text)["columns"]
    assert columns["array"][0] == columns["list"][0].replace("12:00:00.000005", "00:00:00.123456")
    assert columns["numbers"] == [1, None, 2.5]
    assert columns["maps"][0] == '{"a": 1}'
    target = tmp_path / "data.parquet"
    subprocess.run([*COMMAND, "data", "get", "in files", target, "--columns", "array,zoned"], check=True)
    back = pd.read_parquet(target)
    assert back.array.tolist() == list(DAYS)
    assert back.zoned.tolist() == list(ZONED)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("text of a frame", ["a", None, "null"]),
        ("truth of a frame", [True, None, False]),
        ("lists and NaN", [["a", None], None, ["b"]]),
        ("mixed", ["a", "1", None]),
        ("dates of a frame", [date(2026, 1, 1), None, date(1950, 6, 1)]),
    ],
)
@pytest.mark.parametrize("max_packed_bytes", [reading.MAX_PACKED_BYTES, 0])
def test_missing_values_among_others_than_numbers(
    server: bokeh_cloud.Server,
    monkeypatch: pytest.MonkeyPatch,
    column: str,
    expected: list[Any],
    max_packed_bytes: int,
) -> None:
    """Bokeh sends them as NaN. Long columns are converted by the client, others by the server."""
    monkeypatch.setattr(reading, "MAX_PACKED_BYTES", max_packed_bytes)
    source = publish(server, [column], f"missing {column}").source("walk")
    assert source.to_arrow()[column].to_pylist() == expected
    assert source.to_arrow(rows="1:")[column].to_pylist() == expected[1:]


def test_conditions_and_windows_know_the_times(server: bokeh_cloud.Server) -> None:
    source = publish(server, ["array", "zoned"], "conditions on times").source("walk")
    assert source.rows("y", where="array > 2026-01-01T12:00")["y"].tolist() == [1, 2]
    window = source.window("y", x="array", start="2026-01-02", end=DAYS[2])
    assert window["array"].tolist() == [time.to_pydatetime() for time in DAYS[1:]]
    assert source.window("y", x="zoned", end=ZONED[1])["y"].tolist() == [0, 1]


def test_sources_of_a_plot(server: bokeh_cloud.Server) -> None:
    live = server.DataSource("shared", x=[1.0, 2.0], y=[3.0, 4.0])
    fig = figure()
    fig.line("x", "y", source=live)
    fig.line([1, 2], [3, 4])
    plot = server.publish(fig, "two sources")
    assert plot.source("shared").source_id == live.source_id
    assert {source.live for source in plot.data()} == {True, False}
    with pytest.raises(bokeh_cloud.NotFound, match="has 2 data sources; choose one of its sources: 'shared'"):
        plot.source()
    with pytest.raises(bokeh_cloud.NotFound, match="no data source 'other'"):
        plot.source("other")


def test_sources_of_one_name(server: bokeh_cloud.Server) -> None:
    fig = figure()
    fig.line([11, 12], [13, 14])
    fig.line([15, 16], [17, 18])
    plot = server.publish(fig, "sources of one name")
    first, second = plot.data()
    expected = f"has 2 data sources 'x, y'; .* {first.source_id!r} .*, {second.source_id!r}"
    with pytest.raises(bokeh_cloud.NotFound, match=expected):
        plot.source("x, y")
    assert plot.source(second.source_id).rows("y")["y"].tolist() == second.rows("y")["y"].tolist()


def test_publishing_again_changes_nothing(server: bokeh_cloud.Server) -> None:
    publish(server, ["array", "list"], "typed twice")
    assert publish(server, ["array", "list"], "typed twice").unchanged
