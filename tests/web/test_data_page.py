"""The page of a data source: its first rows, a filter, versions and its name."""

import re
from html import unescape

import pytest

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from tests.support.users import RunningCloud, User

NAMES = ("a", 'with, comma "and quotes"', "text")


@pytest.fixture
def source(cloud: RunningCloud, key: str) -> RemoteDataSource:
    columns = dict(zip(NAMES, ([1, 2, 3], [0.5, 1.5, 2.5], ["one", None, "<b>"]), strict=True))
    return bokeh_cloud.Server(cloud.url, apikey=key).DataSource("measured", columns)


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of the first table."""
    table = page.partition("<h2>First rows</h2>")[2].partition("<h2>Columns</h2>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_the_first_rows_and_a_filter(ada: User, source: RemoteDataSource) -> None:
    path = f"/data/{source.source_id}"
    assert rows_of(ada.get(path).text) == [
        list(NAMES), ["1", "0.5", "one"], ["2", "1.5", "missing"], ["3", "2.5", "<b>"]
    ]  # fmt: skip
    found = ada.get(f"{path}?where=a+>+2").text
    assert rows_of(found)[1:] == [["3", "2.5", "<b>"]]
    assert 'value="a &gt; 2"' in found
    assert "No row meets this condition" in ada.get(f"{path}?where=a+>+9").text
    wrong = ada.get(f"{path}?where=<script>")
    assert wrong.status_code == 200
    assert 'class="notice bad"' in wrong.text
    assert "<script>" not in wrong.text.partition("<h2>First rows</h2>")[2]


def test_versions_and_the_name(ada: User, source: RemoteDataSource) -> None:
    path, token = f"/data/{source.source_id}", ada.form_token()
    source.stream(dict(zip(NAMES, ([4], [3.5], ["four"]), strict=True)))
    before = ada.get(path).text
    [old] = re.findall(rf'href="{path}\?version=(\d+)"', before)[-1:]
    assert len(rows_of(before)) == 5
    assert len(rows_of(ada.get(f"{path}?version={old}").text)) == 4
    form = {"form_token": token, "version": old}
    assert ada.post(f"{path}/rollback", form).headers["Location"] == path
    assert len(rows_of(ada.get(path).text)) == 4
    renamed = {"form_token": token, "name": " better "}
    assert ada.post(f"{path}/rename", renamed).headers["Location"] == path
    assert '<h1 dir="auto">better</h1>' in ada.get(path).text
    assert ada.post(f"{path}/rename", {**renamed, "name": ""}).status_code == 422
    assert ada.post(f"{path}/rename", {**renamed, "form_token": "x"}).status_code == 403
