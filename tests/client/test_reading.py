"""Reading parts of data sources: rows, conditions, windows, versions, in Python and as files."""

import io
import json
import resource
import subprocess
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from bokeh.models import FactorRange
from bokeh.plotting import figure
from click.testing import CliRunner

import bokeh_cloud
from bokeh_cloud.cli import main
from bokeh_cloud.data import reading
from bokeh_cloud.data.sources import RemoteDataSource
from tests.client.command import COMMAND
from tests.support.forked_python import run_python_binary

N = 300_000
WHEN = np.datetime64("2026-01-01", "ns") + np.arange(N) * np.timedelta64(1, "s")


@pytest.fixture(scope="module")
def name(cloud: str) -> str:
    """Return the name of a source with columns of all kinds."""
    columns = {
        "t": np.arange(N, dtype=float),
        "y": np.sin(np.arange(N) / 1000),
        "whole": np.arange(N, dtype=np.int64) + 2**60,
        "when": WHEN,
        "zoned": pd.Series(WHEN).dt.tz_localize("Europe/Zurich"),
        "after": np.arange(N).astype("m8[us]"),
        "odd": np.where(np.arange(N) % 3 == 0, np.nan, np.where(np.arange(N) % 3 == 1, np.inf, -1.5)),
        "wave": np.exp(1j * np.arange(N)).astype(np.complex64),
        "image": np.arange(N * 2, dtype=np.float32).reshape(N, 2),
        "text": [f"ü{i % 7}" if i % 7 else None for i in range(N)],
    }
    bokeh_cloud.Server(cloud).DataSource("all kinds", columns)
    return "all kinds"


@pytest.fixture
def src(server: bokeh_cloud.Server, name: str) -> RemoteDataSource:
    return server.source(name)


def test_rows_equal_those_of_the_complete_column(src: RemoteDataSource) -> None:
    complete = {column: stored.values for column, stored in src.columns().items()}
    for rows in (slice(10, 20), slice(-5, None), "1000:2000:100", range(3, 4)):
        row_slice = (
            rows
            if isinstance(rows, slice)
            else slice(1000, 2000, 100)
            if rows == "1000:2000:100"
            else slice(3, 4)
        )
        for names in (("t", "y", "image"), tuple(complete)):  # packed, and as JSON
            found = src.rows(*names, rows=rows)
            assert list(found) == list(names)
            assert found.kind == "rows"
            for column, values in found.items():
                assert values.dtype == complete[column].dtype
                np.testing.assert_array_equal(values, complete[column][row_slice])


def test_conditions_and_limits(src: RemoteDataSource) -> None:
    found = src.rows("t", where=["t >= 100", "text in (ü1, ü2)"], limit=3)
    np.testing.assert_array_equal(found["t"], [100, 106, 107])
    assert len(src.rows("whole", where=f"whole between {2**60 + 5} and {2**60 + 9}")["whole"]) == 5
    assert src.rows("text", where="text is null", rows="0:20")["text"].tolist() == [None] * 3
    assert src.rows("when", where="when < 2026-01-01T00:00:02")["when"].tolist() == WHEN[:2].tolist()
    with pytest.raises(bokeh_cloud.Rejected, match="is not a condition such as"):
        src.rows("t", where="larger")


@pytest.mark.parametrize("rows", ["5", "a:b", "1:2:0", "1:2:3:4", "5:1:-1"])
def test_invalid_ranges_of_rows_are_an_error(src: RemoteDataSource, rows: str) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match=r"not a range of rows|must be positive"):
        src.rows("t", rows=rows)


def test_missing_columns_are_an_error(src: RemoteDataSource) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match="no column 'z'; there are t, y"):
        src.window("z")
    src.add(z=np.zeros(N))
    with pytest.raises(bokeh_cloud.CloudError, match=r"'z' is not stored yet: call commit\(\)"):
        src.to_arrow(["z"])


def test_windows_contain_minimum_and_maximum_and_can_be_plotted(src: RemoteDataSource) -> None:
    found = src.window("y", x="t", pixels=100)
    assert (found.kind, len(found["t"])) == ("reduced", 200)
    binned = np.sin(np.arange(N) / 1000).reshape(100, -1)
    assert (found["y"].min(), found["y"].max()) == (binned.min(), binned.max())
    figure().line("t", "y", source=found)
    near = src.window("y", "odd", start=10, end=19)
    assert near.kind == "exact"
    np.testing.assert_array_equal(near["row"], np.arange(10, 20))
    assert len(src.window("y", x="t", start=10, end=19, around=True)["t"]) == 12
    assert len(src.window("y", x="t", pixels=50, method="minmaxlttb")["t"]) == 50


@pytest.mark.parametrize(
    ("x", "start", "end"),
    [
        ("when", WHEN[10], WHEN[19]),
        ("when", pd.Timestamp(WHEN[10]), "2026-01-01T00:00:19"),
        ("when", datetime(2026, 1, 1, 0, 0, 10), datetime(2026, 1, 1, 0, 0, 19, tzinfo=UTC)),
        ("zoned", pd.Timestamp("2026-01-01T00:00:10+01:00"), pd.Timestamp("2025-12-31T23:00:19Z")),
        ("after", timedelta(microseconds=10), np.timedelta64(19, "us")),
    ],
)  # fmt: skip
def test_bounds_of_windows_can_be_times(src: RemoteDataSource, x: str, start: Any, end: Any) -> None:
    found = src.window("y", x=x, start=start, end=end)
    np.testing.assert_array_equal(found["y"], np.sin(np.arange(10, 20) / 1000))
    assert found[x].dtype == src.columns()[x].values.dtype


def test_data_frames_of_some_rows_equal_rows_of_the_complete_one(src: RemoteDataSource) -> None:
    some = src.to_pandas(["t", "when", "zoned", "text", "whole"], rows="5:9", where="t > 5")
    complete = src.to_pandas(some.columns)
    pd.testing.assert_frame_equal(some, complete[6:9].reset_index(drop=True))


def test_tables_are_read_as_an_arrow_stream(src: RemoteDataSource) -> None:
    table = src.to_arrow(["whole", "text"], where="t >= 299990", limit=4)
    assert table.to_pydict() == {
        "whole": [2**60 + i for i in range(299_990, 299_994)],
        "text": [f"ü{i % 7}" if i % 7 else None for i in range(299_990, 299_994)],
    }
    assert len(src.to_arrow()) == N


def test_old_versions_can_be_read_but_not_committed(server: bokeh_cloud.Server) -> None:
    src = server.DataSource("old and new", y=np.arange(5.0))
    src.stream(y=[5.0])
    old = src.at(1)
    assert (len(old.rows("y")["y"]), len(src.rows("y")["y"]), len(old.to_arrow())) == (5, 6, 5)
    old.update(y=np.zeros(5))
    with pytest.raises(bokeh_cloud.Rejected, match="Another client has changed"):
        old.commit()
    assert [(item.version, item.rows, item.size) for item in src.history()] == [(1, 5, 40), (2, 6, 48)]
    with pytest.raises(bokeh_cloud.NotFound):
        src.at(7)


def test_renaming_and_keeping_versions(server: bokeh_cloud.Server) -> None:
    src = server.DataSource("first name", y=[1.0])
    src.rename("second name")
    assert server.source("second name").source_id == src.source_id
    assert src.name == "second name"
    src.keep(1)
    while src.version < 32:  # now and then, old ones are forgotten
        src.stream(y=[0.0])
    assert src.versions() == [32]


def test_strings_of_published_figures_are_read_completely(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    drawn = figure(x_range=FactorRange(factors=["a", "b", "c"]))
    drawn.vbar(x=["a", "b", "c"], top=[1.0, 2.0, 3.0])
    server.publish(drawn, "factors")
    [src] = [
        item for item in server.data() if (item.name or "").startswith("factors/") and "top" in item.columns()
    ]
    assert src.rows("x", "top", rows="1:")["x"].tolist() == ["b", "c"]
    assert src.to_arrow(rows="::2", limit=1).column("x").to_pylist() == ["a"]
    get(src.source_id, "factors.csv", "--columns", "x,top", "--rows", "0:1", cwd=tmp_path)
    assert (tmp_path / "factors.csv").read_text() == 'x,top\n"a",1\n'
    get(src.source_id, "factors.json", cwd=tmp_path)
    assert json.loads((tmp_path / "factors.json").read_text())["columns"]["x"] == ["a", "b", "c"]


def test_long_strings_of_published_figures(
    server: bokeh_cloud.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client converts them, to the formats that it knows."""
    monkeypatch.setattr(reading, "MAX_PACKED_BYTES", 0)
    drawn = figure(x_range=FactorRange(factors=["d", "e"]))
    drawn.vbar(x=["d", "e"], top=[1.0, 2.0])
    [src] = server.publish(drawn, "long factors").data()
    monkeypatch.chdir(tmp_path)
    command = ["data", "get", src.source_id, "--url", server.url]
    assert CliRunner().invoke(main, [*command, "factors.csv", "--rows", "1:"]).exit_code == 0
    assert (tmp_path / "factors.csv").read_text() == '"x","top"\n"e",2\n'
    refused = CliRunner().invoke(main, [*command, "factors.json"])
    assert "use csv" in refused.output


def get(*arguments: str, cwd: Path, code: int = 0, binary: bool = False) -> Any:
    done = run_python_binary("-m", "bokeh_cloud", "data", "get", *arguments, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done.stdout if binary else (done.stdout or done.stderr).decode()


def test_files_of_some_rows(name: str, tmp_path: Path) -> None:
    some = ("--columns", "t,text", "--where", "t between 7 and 9", "--where", "text = ü1")
    assert get(name, *some, cwd=tmp_path) == 't,text\n8,"ü1"\n'
    assert json.loads(get(name, "-", "--format", "json", *some, cwd=tmp_path))["columns"] == {
        "t": [8.0],
        "text": ["ü1"],
    }
    expected = {"t": [8.0], "text": ["ü1"]}
    get(name, "a.parquet", *some, cwd=tmp_path)
    assert pa.parquet.read_table(tmp_path / "a.parquet").to_pydict() == expected
    get(name, "a.feather", *some, cwd=tmp_path)
    assert pd.read_feather(tmp_path / "a.feather").to_dict("list") == expected
    stream = get(name, "--format", "arrow", "--limit", "2", "--columns", "t", cwd=tmp_path, binary=True)
    assert pa.ipc.open_stream(io.BytesIO(stream)).read_all().to_pydict() == {"t": [0.0, 1.0]}
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet", "a.feather"}


def test_files_of_windows(name: str, tmp_path: Path) -> None:
    view = ("--x", "t", "--y", "y", "--from", "1000", "--to", "200999", "--pixels", "10", "--method", "m4")
    rows = get(name, *view, cwd=tmp_path).splitlines()
    assert rows[0] == "t,y"
    assert rows[1].startswith("1000,")
    assert len(rows) == 41
    assert get(name, "--y", "y", "--to", "2", cwd=tmp_path).count("\n") == 4
    assert "takes no --columns" in get(name, "--y", "y", "--rows", "0:1", cwd=tmp_path, code=2)
    assert "columns of the window with --y" in get(name, "--x", "t", cwd=tmp_path, code=2)
    assert "choose one of .json, .csv" in get(name, "a.xls", cwd=tmp_path, code=3)
    assert "no suffix" in get(name, "a", cwd=tmp_path, code=1)
    assert "cannot be written" in get(name, "nowhere/a.csv", cwd=tmp_path, code=1)
    assert "no column 'z'" in get(name, "--columns", "z", cwd=tmp_path, code=1)


def test_old_versions_as_files(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    server.DataSource("versions as files", y=[1.0]).stream(y=[2.0])
    assert get("versions as files", "--version", "1", cwd=tmp_path) == "y\n1\n"
    assert get("versions as files", cwd=tmp_path) == "y\n1\n2\n"


def test_a_full_disk_is_an_error_and_changes_no_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("before")

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    command = [*COMMAND, "data", "get", name]
    how: Any = {"stderr": subprocess.PIPE, "text": True, "timeout": 60, "cwd": tmp_path}
    done = subprocess.run([*command, "a.csv"], **how, preexec_fn=limit_file_size)
    assert (done.returncode, "a.csv cannot be written (File too large). Free some space" in done.stderr) == (
        1,
        True,
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "before"}
    with Path("/dev/full").open("w") as nowhere:
        done = subprocess.run(command, **how, stdout=nowhere)
    assert (done.returncode, "(No space left on device). Free some space" in done.stderr) == (1, True)


def test_sources_with_strings_are_listed_without_warnings(server: bokeh_cloud.Server) -> None:
    fig = figure(x_range=FactorRange(factors=["one", "two", "three"]))
    fig.vbar(x=["one", "two", "three"], top=np.arange(3.0))
    server.publish(fig, "of strings and numbers")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "of strings and numbers/x, top" in [source.name for source in server.data()]
