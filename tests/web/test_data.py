"""Data sources on pages, and downloads."""

import csv
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import requests
from bokeh.models import ColumnDataSource, FactorRange
from bokeh.plotting import figure
from pyarrow import parquet

import bokeh_cloud
from tests.support.users import TIMEOUT, RunningCloud, User
from tests.web.publishing import publish


def test_standalone_page(cloud: RunningCloud, ada: User, key: str, tmp_path: Path) -> None:
    plot = publish(cloud, key, "kept")
    answer = ada.get(f"/plots/{plot.id}/download.html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert not re.findall(r"(?:src|href)=\"?/", answer.text[:3000])
    assert requests.get(f"{cloud.url}/plots/{plot.id}/download.html", timeout=TIMEOUT).status_code == 404
    scene = re.findall(r'<script type="application/json" id="scene">(.*?)</script>', answer.text, re.DOTALL)
    assert json.loads(scene[0])["roots"]


def test_deletion_lists_the_plots_that_would_lose_their_data(
    cloud: RunningCloud, ada: User, key: str
) -> None:
    plot = publish(cloud, key, "fed")
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    page = ada.get(f"/data/{source['id']}/delete").text
    assert "The fed plot" in page
    assert requests.get(f"{cloud.url}/data/{source['id']}", timeout=TIMEOUT).status_code == 401


def test_downloads_in_several_formats(cloud: RunningCloud, ada: User, key: str) -> None:
    plot, other = publish(cloud, key, "taken", "link"), publish(cloud, key, "not shown")
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    visitor = requests.Session()
    page = visitor.get(plot.url, headers={"Accept": "text/html"}, timeout=TIMEOUT).text
    links = re.findall(rf'href="(/plots/{plot.id}/data/{source["id"]}/(\w+)[^"]*)"', page)
    assert [form for _, form in links] == ["csv", "parquet", "json"]
    files = {form: visitor.get(cloud.url + link, timeout=TIMEOUT) for link, form in links}
    assert all(answer.headers["Content-Disposition"].startswith("attachment") for answer in files.values())
    rows = list(csv.DictReader(files["csv"].text.splitlines()))
    table = parquet.read_table(io.BytesIO(files["parquet"].content))
    assert [float(row["x"]) for row in rows] == table["x"].to_pylist() == [*range(10)]
    assert json.loads(files["json"].text)
    own = ada.browser.get(f"{cloud.url}/data/{source['id']}/download/csv", timeout=TIMEOUT)
    assert own.text == files["csv"].text
    for form in ("csv", "exe"):
        hidden = f"{cloud.url}/plots/{other.id}/data/{source['id']}/{form}"
        assert visitor.get(hidden, timeout=TIMEOUT).status_code == 404
    assert visitor.get(f"{cloud.url}/data/{source['id']}/download/csv", timeout=TIMEOUT).status_code == 401
    wrong = ada.browser.get(f"{cloud.url}/data/{source['id']}/download/exe", timeout=TIMEOUT)
    assert wrong.status_code == 404


def test_downloaded_rows_are_those_that_the_plot_shows(cloud: RunningCloud, ada: User, key: str) -> None:
    """With a version, rows are those at its publication; without, live sources have their current rows.

    A link without history shows the current rows in any case.
    """
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    source = server.DataSource("counts", x=[1.0, 2.0], y=[3.0, 4.0])
    drawn = figure(title="Counts")
    drawn.line("x", "y", source=source)
    drawn.line("x", "y", source=ColumnDataSource({"x": [1, 2], "y": [7, 7]}))
    plot = server.publish(drawn, "counts")
    share = str(plot.share(expires="1d", history=True).url)
    newest = str(plot.share(expires="1d").url)
    source.stream(x=[3.0], y=[5.0])

    def downloads(page: str) -> list[list[float]]:
        """Return y of each source, downloaded by the links of a page."""
        visitor = requests.Session()
        text = visitor.get(page, headers={"Accept": "text/html"}, timeout=TIMEOUT).text
        links = re.findall(rf'href="(/plots/{plot.id}/data/\w+/csv[^"]*)"', text)
        files = [visitor.get(cloud.url + html.unescape(link), timeout=TIMEOUT) for link in links]
        return [[float(row["y"]) for row in csv.DictReader(file.text.splitlines())] for file in files]

    frozen = [7.0, 7.0]
    assert sorted(downloads(share)) == [[3, 4, 5], frozen]
    assert sorted(downloads(f"{share}&version=1")) == [[3, 4], frozen]
    assert sorted(downloads(f"{newest}&version=1")) == [[3, 4, 5], frozen]
    source.update(y=[0.0, 0.0, 0.0])
    source.commit()
    server.publish(drawn, "counts")
    assert sorted(downloads(share)) == sorted(downloads(newest)) == [[0, 0, 0], frozen]
    assert sorted(downloads(f"{share}&version=1")) == [[3, 4], frozen]


def test_data_of_plots_is_named_by_their_titles(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = figure(title="Prices of apples")
    plot.line("x", "y", source=ColumnDataSource({"x": [1, 2, 3], "y": [5, 6, 5]}))
    plot.line("x", "y", source=ColumnDataSource({"x": [1, 2, 3], "y": [7, 8, 9]}, name="organic"))
    published = bokeh_cloud.Server(cloud.url, apikey=key).publish(plot, "apples")
    page = ada.get("/data?q=apples").text
    names = re.findall(r'dir="auto">(Prices of apples: [^<]*)<', page)
    assert sorted(names) == ["Prices of apples: organic", "Prices of apples: x, y"]
    assert f'Belongs to <a href="/plots/{published.id}/show"' in page


def test_downloads_of_lists_and_strings(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = figure(title="Lists", x_range=FactorRange(factors=["a", "b", "=c"]))
    bars: dict[str, Any] = {
        "name": ["a", "b", "=c"],
        "top": [1, 2.5, float("nan")],
        "pair": [("x", "y"), ("x", "z"), ("u", "v")],
    }
    plot.vbar("name", top="top", source=ColumnDataSource(bars))
    published = bokeh_cloud.Server(cloud.url, apikey=key).publish(plot, "lists")
    [source] = cloud.request("GET", f"/ada/plots/{published.id}/data", key).json()["sources"]
    path = f"{cloud.url}/plots/{published.id}/data/{source['id']}"
    files = {form: ada.browser.get(f"{path}/{form}", timeout=TIMEOUT) for form in ("csv", "parquet", "json")}
    assert {form: answer.status_code for form, answer in files.items()} == dict.fromkeys(files, 200)
    rows = list(csv.DictReader(files["csv"].text.splitlines()))
    assert [row["name"] for row in rows] == ["a", "b", "'=c"]
    assert [json.loads(row["pair"]) for row in rows] == [["x", "y"], ["x", "z"], ["u", "v"]]
    table = parquet.read_table(io.BytesIO(files["parquet"].content))
    assert table["top"].to_pylist()[:2] == [1, 2.5]
    assert files["json"].json()["columns"]["top"] == [1, 2.5, None]
    page = ada.get(f"/data/{source['id']}").text
    assert "<td>list</td>" in page
    assert "rows</span>" not in page, "the number of rows is unknown"


def test_sizes_and_unused_data(cloud: RunningCloud, ada: User, key: str) -> None:
    publish(cloud, key, "sized")
    [listed] = [
        plot for plot in cloud.request("GET", "/ada/plots", key).json()["plots"] if plot["name"] == "sized"
    ]
    assert listed["size"] == 80, "x and y are the same column of ten numbers of eight bytes"
    assert "80 bytes" in ada.get("/plots?q=sized").text
    page = ada.get("/account/unused")
    assert page.status_code == 200
    assert "Nothing to free" in page.text, "the grace period is a day"
    stranger = requests.get(f"{cloud.url}/account/unused", timeout=TIMEOUT)
    assert stranger.status_code == 401
    forged = ada.post("/account/unused/free", {"form_token": "x"})
    assert forged.status_code == 403
