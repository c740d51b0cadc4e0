"""Columns with any names, in every call of the client that takes or returns names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bokeh_cloud
from bokeh_cloud.data.column_names import quote_name, split_names
from bokeh_cloud.data.sources import RemoteDataSource
from tests.client.command import run

DECOMPOSED, COMPOSED = "gro\u0308\u00dfe", "gr\u00f6\u00dfe"
NAMES = (
    "id",
    "type",
    "Temp, C",
    '"quoted"',
    "it's",
    " spaces  within ",
    "self",
    "x = 1 and y",
    "rows",
    DECOMPOSED,
)
ROWS = 4000


@pytest.fixture(scope="module")
def odd(cloud: str) -> str:
    columns = {name: np.arange(ROWS) + i / 16 for i, name in enumerate(NAMES)}
    text = {"text, too": [f"r{i % 2}" for i in range(ROWS)]}
    bokeh_cloud.Server(cloud).DataSource("odd names", columns | text)
    return "odd names"


@pytest.fixture
def source(server: bokeh_cloud.Server, odd: str) -> RemoteDataSource:
    return server.source(odd)


@pytest.mark.parametrize("others", [(), ("text, too",)], ids=["packed", "json"])
def test_rows(source: RemoteDataSource, others: tuple[str, ...]) -> None:
    for i, name in enumerate(NAMES):
        found = source.rows(name, *others, where=f'"{name.replace(chr(34), 2 * chr(34))}" < 2')
        assert list(found) == [name, *others]
        assert found[name].tolist() == [i / 16, 1 + i / 16]
    assert list(source.rows(*NAMES, *others, limit=1)) == [*NAMES, *others]


def test_windows(source: RemoteDataSource) -> None:
    found = source.window(*NAMES[1:], x="id", pixels=10)
    assert sorted(found) == sorted(NAMES)
    assert list(source.window("id", x="Temp, C", end=5)) == ["Temp, C", "id"]


def test_frames_and_tables(source: RemoteDataSource) -> None:
    assert source.to_arrow(NAMES, rows="0:3").column_names == list(NAMES)
    pd.testing.assert_frame_equal(source.to_pandas(NAMES, limit=3), source.to_pandas()[list(NAMES)].head(3))


def test_names_in_another_normal_form(source: RemoteDataSource) -> None:
    assert list(source.rows(COMPOSED, where=f"{COMPOSED} < 1")) == [DECOMPOSED]
    assert list(source.window("id", x=COMPOSED, end=1)) == [DECOMPOSED, "id"]


def test_changes(server: bokeh_cloud.Server) -> None:
    values = {name: [1.0, 2.0] for name in NAMES}
    source = server.DataSource("changed odd names", values)
    source.stream({COMPOSED if name == DECOMPOSED else name: [3.0] for name in NAMES})
    source.patch({"Temp, C": [(0, 5.0)], COMPOSED: [(0, 6.0)]})
    source.update(**{"self": np.zeros(3), COMPOSED: np.ones(3)})
    source.remove("it's")
    source.commit()
    found = server.source("changed odd names").to_pandas()
    assert set(found.columns) == set(NAMES) - {"it's"}
    assert found["Temp, C"].tolist() == [5, 2, 3]
    assert found[DECOMPOSED].tolist() == [1, 1, 1]
    assert found["self"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow", "feather"])
def test_files(server: bokeh_cloud.Server, odd: str, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"odd.{suffix}"
    names = ",".join(map(quote_name, NAMES))
    run("data", "get", odd, str(file), "--columns", names, "--where", '"Temp, C" < 3')
    assert server.put(file, f"odd {suffix}").column_names == list(NAMES)


def test_lists_of_names_are_split_as_on_the_server() -> None:
    assert split_names(",".join(map(quote_name, [*NAMES, ""]))) == [*NAMES, ""]
    with pytest.raises(bokeh_cloud.CloudError, match="comma is expected"):
        split_names('"a"b')
