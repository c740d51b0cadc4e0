from pathlib import Path

import numpy as np
import pytest
import requests

from bokeh_cloud.errors import CloudError, ServerUnreachable
from bokeh_cloud.files import read, write
from bokeh_cloud.saving import copy, saved

from .inmemory import InMemoryCloud

pa = pytest.importorskip("pyarrow")

TABLE = pa.table({"x": [1, 2, 3], "y": [0.5, None, 2.5], "name": ["a", "ü", None]})


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".feather", ".csv"])
def test_tables_come_back_from_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    with saved(path) as beside, beside.open("wb") as file:
        write(TABLE, file, ending[1:])
    assert list(tmp_path.iterdir()) == [path]
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


def test_arrays_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.zeros((3, 2)))
    assert {name: values.shape for name, values in read(tmp_path / "a.npz").items()} == {
        "x": (3,),
        "y": (3, 2),
    }
    np.save(tmp_path / "b.npy", np.arange(4))
    assert read(tmp_path / "b.npy")["b"].tolist() == [0, 1, 2, 3]
    np.save(tmp_path / "c.npy", np.array([(1, 2.5)], [("n", "i4"), ("v", "f8")]))
    assert {name: values.tolist() for name, values in read(tmp_path / "c.npy").items()} == {
        "n": [1],
        "v": [2.5],
    }
    np.save(tmp_path / "d.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(CloudError, match=r"d\.npy cannot be read"):
        read(tmp_path / "d.npy")


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(CloudError, match=r"a\.csv cannot be written \(No such file"),
        saved(tmp_path / "nowhere" / "a.csv") as path,
    ):
        path.write_bytes(b"1")


def test_half_a_file_is_never_there(tmp_path: Path, cloud: InMemoryCloud) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def half(self: InMemoryCloud, **_: object) -> tuple[int, bytes, dict[str, str]]:
        return 200, b"half", {"Content-Length": "8", "Connection": "close"}

    cloud.routes = [("GET", "/half", half)]
    with (
        pytest.raises(ServerUnreachable, match="connection broke"),
        saved(tmp_path / "a") as path,
        path.open("wb") as file,
    ):
        copy(requests.get(f"{cloud.url}/half", stream=True, timeout=10), file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"before"}
