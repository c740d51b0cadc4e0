import re
from pathlib import Path

import numpy as np
import pytest
import requests

from bokeh_cloud.atomic_files import replace_file, write_response
from bokeh_cloud.data.table_files import kind_of_file, read_numpy, stem_of, write_table
from bokeh_cloud.errors import CloudError, ServerUnreachable

from .inmemory import InMemoryCloud

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.csv")
pytest.importorskip("pyarrow.parquet")

TABLE = pa.table({"x": [1, 2, 3], "y": [0.5, None, 2.5], "name": ["a", "ü", None]})


READERS = {
    "parquet": pa.parquet.read_table,
    "arrow": lambda path: pa.ipc.open_stream(path.read_bytes()).read_all(),
    "feather": lambda path: pa.ipc.open_file(path.read_bytes()).read_all(),
    "csv": pa.csv.read_csv,
}


@pytest.mark.parametrize("form", READERS)
def test_tables_are_written_to_files(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"table.{form}"
    with replace_file(path) as beside, beside.open("wb") as file:
        write_table(TABLE, file, form)
    assert list(tmp_path.iterdir()) == [path]
    text = ["a", "ü", "" if form == "csv" else None]
    assert READERS[form](path).to_pydict() == {"x": [1, 2, 3], "y": [0.5, None, 2.5], "name": text}


@pytest.mark.parametrize(
    ("name", "media_type", "encoding", "stem"),
    [
        ("a.csv", "text/csv", None, "a"),
        ("a.b.CSV", "text/csv", None, "a.b"),
        ("a.tsv.gz", "text/tab-separated-values", "gzip", "a"),
        ("a.b.csv.zst", "text/csv", "zstd", "a.b"),
        ("a.JSONL", "application/x-ndjson", None, "a"),
    ],
)
def test_suffixes_say_what_a_file_is(name: str, media_type: str, encoding: str | None, stem: str) -> None:
    assert kind_of_file(Path(name)) == (media_type, encoding)
    assert stem_of(Path(name)) == stem


@pytest.mark.parametrize("name", ["a", "a.doc", "a.gz", ".csv", "a.csv.bz2"])
def test_other_suffixes_are_rejected(name: str) -> None:
    with pytest.raises(CloudError, match=f"{re.escape(name)} is none of .csv"):
        kind_of_file(Path(name))


def test_files_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.zeros((3, 2)))
    assert {name: values.shape for name, values in read_numpy(tmp_path / "a.npz", None).items()} == {
        "x": (3,),
        "y": (3, 2),
    }
    np.save(tmp_path / "b.npy", np.arange(4))
    assert read_numpy(tmp_path / "b.npy", None)["b"].tolist() == [0, 1, 2, 3]
    np.save(tmp_path / "c.npy", np.array([(1, 2.5)], [("n", "i4"), ("v", "f8")]))
    assert {name: values.tolist() for name, values in read_numpy(tmp_path / "c.npy", None).items()} == {
        "n": [1],
        "v": [2.5],
    }
    np.save(tmp_path / "d.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(CloudError, match=r"d\.npy cannot be read"):
        read_numpy(tmp_path / "d.npy", None)


def test_the_error_names_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(CloudError, match=r"a\.csv cannot be written \(No such file"),
        replace_file(tmp_path / "nowhere" / "a.csv") as path,
    ):
        path.write_bytes(b"1")


def test_an_incomplete_download_does_not_change_the_file(tmp_path: Path, cloud: InMemoryCloud) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def half(self: InMemoryCloud, **_: object) -> tuple[int, bytes, dict[str, str]]:
        return 200, b"half", {"Content-Length": "8", "Connection": "close"}

    cloud.routes = [("GET", "/half", half)]
    with (
        pytest.raises(ServerUnreachable, match="lost during a download"),
        replace_file(tmp_path / "a") as path,
        path.open("wb") as file,
    ):
        write_response(requests.get(f"{cloud.url}/half", stream=True, timeout=10), file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"before"}
