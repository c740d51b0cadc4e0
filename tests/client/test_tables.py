"""Files of tables, stored as data sources and written from them, in Python and on the command line."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import bokeh_cloud
from bokeh_cloud.data.table_files import write_table
from tests.client.command import output_of


def run(*arguments: str, cwd: Path, code: int = 0) -> str:
    return output_of("data", *arguments, code=code, cwd=cwd)


def test_files_of_tables_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("x,name\n1,a\n2,b\n")
    first = run("put", "table.csv", "--quiet", cwd=tmp_path)
    assert run("put", "table.csv", "--append", "--quiet", cwd=tmp_path) == first
    columns = json.loads(run("columns", "table", "--json", cwd=tmp_path))
    assert [(item["column"], item["length"]) for item in columns] == [("x", 4), ("name", 4)]
    assert "table" in run("list", cwd=tmp_path)
    run("get", "table", "part.csv", "--columns", "x", "--rows", "1:3", cwd=tmp_path)
    assert (tmp_path / "part.csv").read_text() == "x\n2\n1\n"
    for ending in ("parquet", "arrow"):
        run("get", "table", f"table.{ending}", cwd=tmp_path)
        assert json.loads(run("put", f"table.{ending}", "--json", cwd=tmp_path))["version"] == 2  # the same
    assert "--rows" in run("get", "table", "x.csv", "--rows", "a:b", cwd=tmp_path, code=2)
    assert json.loads(run("put", "table.csv", "--append", "--rollover", "3", "--json", cwd=tmp_path))[
        "version"
    ]
    assert [item["rows"] for item in json.loads(run("versions", "table", "--json", cwd=tmp_path))][-1] == 3
    np.savez(tmp_path / "more.npz", x=np.zeros(3), z=np.ones((3, 2)))
    run("put", "more.npz", "table", "--update", cwd=tmp_path)
    assert run("get", "table", "--limit", "1", "--columns", "name,x", cwd=tmp_path) == 'name,x\n"b",0\n'
    run("drop", "table", "z", "x", cwd=tmp_path)
    assert "z" not in run("columns", "table", cwd=tmp_path)
    run("rollback", "table", "1", cwd=tmp_path)
    assert run("get", "table", cwd=tmp_path) == 'x,name\n1,"a"\n2,"b"\n'
    run("keep", "table", "--versions", "5", "--days", "3", cwd=tmp_path)
    run("rename", "table", "renamed", cwd=tmp_path)
    run("rename", "renamed", "table", cwd=tmp_path)
    assert "choose one of them" in run("put", "table.csv", "--append", "--update", cwd=tmp_path, code=2)
    assert "requires --append" in run("put", "table.csv", "--rollover", "3", cwd=tmp_path, code=2)
    run("rm", "table", "--yes", cwd=tmp_path)
    run("rm", "table", "--yes", cwd=tmp_path, code=3)


KINDS = pa.table(
    {
        "i8": pa.array([-1, 2], pa.int8()),
        "u64": pa.array([2**64 - 1, 0], pa.uint64()),
        "nullable": pa.array([2**60 + 1, None], pa.int64()),  # small integers with nulls become floats
        "f4": pa.array([0.5, -1], pa.float32()),
        "truth": pa.array([True, False]),
        "doubt": pa.array([True, None]),
        "text": ["ü", None],
        "kind": pa.array(["a", "b"]).dictionary_encode(),
        "day": pa.array([0, 20_000], pa.date32()),
        "when": pa.array([0, 10**18 + 1], pa.timestamp("ns")),
        "zoned": pa.array([0, 10**12], pa.timestamp("ms", "Europe/Zurich")),
        "after": pa.array([1, -5], pa.duration("us")),
        "lists": [[1.5, 2], []],
    }
)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_tables_of_all_types_round_trip(server: bokeh_cloud.Server, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"kinds-{ending}.{ending}"
    with file.open("wb") as opened:
        write_table(KINDS, opened, ending)
    src = server.put(file)
    assert (src.name, src.version) == (file.stem, 1)
    table = src.to_arrow()
    assert table.column_names == KINDS.column_names
    for name in KINDS.column_names:
        assert table.column(name).to_pylist() == KINDS.column(name).to_pylist(), name
    frame = src.to_pandas()
    assert next(iter(frame["text"])) == "ü"
    assert str(frame["zoned"].dtype) == "datetime64[ms, Europe/Zurich]"
    assert list(frame["u64"]) == [2**64 - 1, 0]
    assert server.put(file, src.name or "", append=True, rollover=3).to_pandas().shape == (3, 13)
    assert server.put(file).to_arrow().num_rows == 2
    with pytest.raises(bokeh_cloud.NotFound):
        server.put(file, "not there", update=True)


def test_conflicting_options_are_an_error(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match="choose one of them"):
        server.put(tmp_path / "x.csv", append=True, update=True)
    with pytest.raises(bokeh_cloud.CloudError, match="requires append"):
        server.put(tmp_path / "x.csv", rollover=3)
