from pathlib import Path

import pytest

from bokeh_cloud.errors import CloudError
from bokeh_cloud.files import read, write

pa = pytest.importorskip("pyarrow")

TABLE = pa.table({"x": [1, 2, 3], "y": [0.5, None, 2.5], "name": ["a", "ü", None]})


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".feather", ".csv"])
def test_tables_come_back_from_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    write(TABLE, path)
    back = read(path)
    assert {name: column.to_pylist() for name, column in back.items()} == {
        "x": [1, 2, 3],
        "y": [0.5, None, 2.5],
        "name": ["a", "ü", "" if ending == ".csv" else None],
    }


def test_arrow_streams_and_json_lines(tmp_path: Path) -> None:
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, TABLE.schema) as stream:
        stream.write_table(TABLE)
    assert read(tmp_path / "a.arrow")["x"].to_pylist() == [1, 2, 3]
    (tmp_path / "a.json").write_text('{"x": 1}\n{"x": 2}\n')
    assert read(tmp_path / "a.json")["x"].to_pylist() == [1, 2]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.parquet"])
def test_what_is_no_table_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(CloudError, match=name):
        read(tmp_path / name)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match=r"is none of \.csv"):
        write(TABLE, tmp_path / "a.xls")
    with pytest.raises(CloudError, match="cannot be written"):
        write(TABLE, tmp_path / "nowhere" / "a.csv")
